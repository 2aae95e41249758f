/** The exports of assembly/token/spnego-*.ts. */
export interface SpnegoExports {
  readonly SPNEGO_TABLE_SIZE: WebAssembly.Global;
  spnegoDecode(length: number): number;
  spnegoEncodeInit(mechTypes: number, mechToken: number, hintName: number, mechListMic: number): number;
  spnegoEncodeResp(negState: number, supportedMech: number, responseToken: number, mechListMic: number): number;
}
