export async function resolve(specifier, context, nextResolve) {
  if (!specifier.startsWith('@koromix/koffi-win32-')) return nextResolve(specifier, context);
  return nextResolve(new URL('./koffi.ts', import.meta.url).href, context);
}
