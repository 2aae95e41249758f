import * as flags from '../../backends/contract/flags.ts';

/** The ISC_RET_* names of an initiator's attributes. */
export function attributeNames(attributes: number): string[] {
  return Object.entries(flags).filter(([name, bit]) => name.startsWith('ISC_RET_') && (attributes & bit) !== 0).map(([name]) => name);
}
