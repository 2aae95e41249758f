/** In front of each line that is a result; other lines are only shown. */
export const MARK = '\u001e';
