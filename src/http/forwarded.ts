/** Fields that show that a request came through a proxy. */
export const FORWARDED: readonly string[] = ['via', 'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];
