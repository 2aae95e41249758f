/** The exports of assembly/token/der.ts and spnego-*.ts. */
export interface SpnegoExports {}
