/** The exports of assembly/hash and assembly/cipher. */
export interface PrimitiveExports {}
