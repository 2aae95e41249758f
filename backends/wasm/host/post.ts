/** Host.post over fetch. Rejects an answer of more than MOST bytes before it has read it: a proxy is a stranger until the KDC's reply is checked. */
export async function post(url: string, contentType: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': contentType }, body: body as BodyInit, signal, redirect: 'manual' });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${url} answered ${response.status} ${response.statusText}`);
  }
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader!.read()) {
    parts.push(part.value);
    length += part.value.length;
    if (length > MOST) {
      await reader!.cancel();
      throw new Error(`${url} answered more than ${MOST} bytes`);
    }
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A megabyte for a KDC's reply, and room for what MS-KKDCP and DNS put around it. */
const MOST = (1 << 20) + 4096;
