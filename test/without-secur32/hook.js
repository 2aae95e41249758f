export async function resolve(specifier, context, nextResolve) {
  if (specifier === 'koffi' || specifier.startsWith('@koromix/koffi-win32-')) throw new Error(`${specifier} is left out here: see test/without-secur32/register.js`);
  return nextResolve(specifier, context);
}
