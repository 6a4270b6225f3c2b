/** Longest subject that is looked at. */
const LONGEST = 2048;
const COMMON_NAME = /(?:^|(?<!\\)[,/+]\s*)CN=((?:\*\.)?(?:[\w-]{1,63}\.)+[a-z][a-z0-9-]{0,62})(?=$|\s*[,/+])/i;

/**
 * Host name in a certificate's subject as logs write it (RFC 4514 in either order, or OpenSSL's slashes): the first common
 * name that is one, in lower case, a wildcard kept; '' when there is none.
 */
export function subjectHostName(subject: string): string {
  return COMMON_NAME.exec(subject.slice(0, LONGEST))?.[1]?.toLowerCase() ?? '';
}
