/** Compiles where the two types are the same, and not where one is only assignable to the other. */
export declare function same<Expected>(): <Actual>(...actual: Same<Expected, Actual> extends true ? [value: Actual] : [value: never, expected: Expected]) => void;

/** Whether two types are the same: neither `any` nor a wider one passes for another. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
