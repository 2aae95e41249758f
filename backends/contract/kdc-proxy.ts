/*
 * SecPkgCredentials_KdcProxySettingsW (sspi.h); offsets from its own start, lengths in bytes.
 *
 *   0 Version = 1   4 Flags   8 ProxyServerOffset (LE16)   10 ProxyServerLength (LE16)
 *  12 ClientTlsCredOffset (LE16)   14 ClientTlsCredLength (LE16)   16 the server's name, UTF-16LE …
 */
const KDC_PROXY_SETTINGS_V1 = 1;
const KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY = 1;
const HEADER = 16;

/** SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS: the MS-KKDCP gateway of one credential. */
export interface KdcProxySettings {
  /** 'gateway.ad.test:443:KdcProxy': host, port, path. */
  proxyServer: string;
  /** Never look for a KDC without it. Default false. */
  force?: boolean;
}

export function packKdcProxySettings({ proxyServer, force = false }: KdcProxySettings): Uint8Array {
  if (typeof proxyServer !== 'string') throw new TypeError('proxyServer must be a string');
  if (proxyServer.length > (0xffff - HEADER) >> 1) throw new RangeError(`proxyServer has ${proxyServer.length} UTF-16 units, ${(0xffff - HEADER) >> 1} at most`);
  const packed = new Uint8Array(HEADER + 2 * proxyServer.length);
  const view = new DataView(packed.buffer);
  view.setUint32(0, KDC_PROXY_SETTINGS_V1, true);
  view.setUint32(4, force ? KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY : 0, true);
  view.setUint16(8, HEADER, true);
  view.setUint16(10, 2 * proxyServer.length, true);
  for (let unit = 0; unit < proxyServer.length; unit++) view.setUint16(HEADER + 2 * unit, proxyServer.charCodeAt(unit), true);
  return packed;
}
