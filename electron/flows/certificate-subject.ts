/** Longest subject that is looked at. */
const LONGEST = 2048;
const HOST_NAME = /(?:\*\.)?(?:[\w-]{1,63}\.)+[a-z][a-z0-9-]{0,62}/i;
const WHOLE_HOST_NAME = new RegExp(`^${HOST_NAME.source}$`, 'i');
const COMMON_NAME = new RegExp(String.raw`(?:^|(?<!\\)[,/+]\s*)CN=(${HOST_NAME.source})(?=$|\s*[,/+])`, 'i');

/**
 * Host name in a certificate's subject as logs write it (RFC 4514 in either order, or OpenSSL's slashes): the first common
 * name that is one, in lower case, a wildcard kept; '' when there is none.
 */
export function subjectHostName(subject: string): string {
  return COMMON_NAME.exec(subject.slice(0, LONGEST))?.[1]?.toLowerCase() ?? '';
}

/** Host name of a certificate: that in its subject, else the first of its alternative names that is one, in lower case; '' when there is none. */
export function certificateHostName(subject: string, alternativeNames: readonly string[]): string {
  const common = subjectHostName(subject);
  if (common !== '') return common;
  return alternativeNames.find((name) => name.length <= 253 && WHOLE_HOST_NAME.test(name))?.toLowerCase() ?? '';
}
