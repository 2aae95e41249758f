/** The command line is wrong: exit status 2, and a hint at the help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(message: string, readonly command?: string) {
    super(message);
  }
}
