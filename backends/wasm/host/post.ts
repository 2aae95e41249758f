/** Host.post over fetch. */
export async function post(url: string, contentType: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': contentType }, body: body as BodyInit, signal, redirect: 'manual' });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${url} answered ${response.status} ${response.statusText}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}
