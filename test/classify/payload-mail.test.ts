import { mailRules } from '../../electron/classify/payload/mail.ts';
import { ascii, describeCases, type PayloadCase } from './payload-trial.ts';

const line = (rule: string, port: number, text: string, changes: Partial<PayloadCase> = {}): PayloadCase => ({
  rule,
  port,
  bytes: ascii(text),
  ...changes,
});
const answer = { answer: true };

describeCases(mailRules, [
  line('smtp-reply', 2525, '220 mail.example ESMTP ready\r\n', answer),
  line('smtp-reply', 8025, '220-mail.example Smtp\r\n220 go on\r\n', answer),
  line('smtp-reply', 25, '220 mail.example\r\n', answer),
  line('smtp-reply', 25, '554 No service here\r\n', answer),
  line('smtp-command', 25, 'EHLO client.example\r\n'),
  line('smtp-command', 8025, 'helo [192.0.2.1]\r\n'),
  line('smtp-command', 25, 'MAIL FROM:<a@example.org>\r\n'),
  line('pop3-reply', 8110, '+OK POP3 ready <1.2@example.org>\r\n', answer),
  line('pop3-reply', 110, '+OK\r\n', answer),
  line('pop3-command', 8110, 'CAPA\r\n'),
  line('pop3-command', 110, 'USER someone\r\n'),
  line('smtp-command', 25, 'QUIT\r\n'),
  line('smtp-command', 587, 'AUTH LOGIN\r\n'),
  line('smtp-command', 25, 'ehlo\n'),
  line('', 8025, 'QUIT\r\n'),
  line('', 25, 'QUITTER\r\n'),
  line('', 25, 'AUTH \x01\r\n'),
  line('imap-greeting', 8143, '* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n', answer),
  line('imap-greeting', 143, '* PREAUTH IMAP4rev1 server\r\n', answer),
  line('imap-command', 8143, 'a001 CAPABILITY\r\n'),
  line('imap-command', 143, 'tag LOGIN someone secret\r\n'),
  // Not as the specification wants it, as some servers take it.
  line('imap-command', 143, 'a1 LOGIN DOMAIN\\someone secret\r\n'),
  line('imap-command', 8143, '4.12 LOGIN "some one" {8}\r\n'),
  line('imap-command', 8143, 'a1 login {7+}\r\nsomeone {6}\r\n'),
  line('imap-command', 8143, 'a1 AUTHENTICATE PLAIN AHVzZXIAcHc=\r\n'),
  line('imap-command', 8143, '1 ID ("name" "client")\r\n'),
  line('', 8143, 'user2 LOGIN failed\r\n'),
  line('', 8143, 'step1 LOGIN page is not there\r\n'),
  line('', 8143, 'v2 CAPABILITY list follows\r\n'),
  line('', 8143, 'v2 CAPABILITYLIST\r\n'),
  line('', 8143, 'v2 AUTHENTICATE with a password, please\r\n'),
  line('', 8143, 'v2 ID 4711\r\n'),
  // Not theirs: FTP's greeting, a reply of Redis, a request of HTTP, chat, a wrong direction, a text that does not end.
  line('', 21, '220 ftp.example FTP server ready\r\n', answer),
  line('', 6379, '+OK\r\n', answer),
  line('', 80, 'GET /EHLO HTTP/1.1\r\n\r\n'),
  line('', 8025, 'EHLO two words\r\n'),
  line('', 8025, '220 mail.example ESMTP ready\r\n'),
  line('', 8025, '220 mail.example ESMTP ready', answer),
  line('', 8025, '220 mail.example ESMTP ready\r\n', { answer: true, looks: 3 }),
  line('', 8110, '+OK without end', answer),
  line('', 110, 'CAPABILITIES\r\n'),
  line('', 8143, '* OKAY\r\n', answer),
  line('', 8143, 'hello LOGIN x\r\n'),
  line('', 143, 'a1 SELECTED\r\n'),
]);
