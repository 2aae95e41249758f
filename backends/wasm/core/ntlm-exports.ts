/** The exports of assembly/token/ntlm-*.ts. */
export interface NtlmExports {}
