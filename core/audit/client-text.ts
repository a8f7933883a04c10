/**
 * Text that a client chose (client id, software name, a topic that does not exist) before it enters the log: at most
 * 256 bytes, no control or bidirectional characters, no long digit runs and no mail addresses, so that nobody can use
 * such a field to put a card number into the log, or an escape sequence into an auditor's terminal.
 */
const limit = 256;
const digitsAllowed = 8;
const redactedDigits = '[REDACTED:digits]';
const redactedEmail = '[REDACTED:email]';

/** The text as the log may hold it. */
export function clientText(text: string): string {
  return cut(redact(visible(text.slice(0, 4 * limit))), limit);
}

/** Text of ours, or a name that a policy covers: cut and made visible, but not redacted. */
export function nameText(text: string): string {
  return cut(visible(text.slice(0, 4 * limit)), 2 * limit);
}

function visible(text: string): string {
  let out = '';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (!hidden(text.charCodeAt(i))) continue;
    out += `${text.slice(from, i)}\ufffd`;
    from = i + 1;
  }
  return from === 0 ? text.toWellFormed() : (out + text.slice(from)).toWellFormed();
}

function hidden(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code < 0xa0) ||
    code === 0xad ||
    code === 0x61c ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    code === 0xfeff
  );
}

/** Runs of more than eight digits, single separators between them allowed, and tokens around an `@`. */
function redact(text: string): string {
  let out = '';
  let from = 0;
  let i = 0;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === 0x40) {
      const start = Math.max(from, tokenStart(text, i));
      const end = tokenEnd(text, i);
      if (start < i && end > i + 1) {
        out += text.slice(from, start) + redactedEmail;
        from = end;
        i = end;
        continue;
      }
    } else if (digit(code)) {
      let digits = 0;
      let end = i;
      for (let at = i; at < text.length; at++) {
        if (digit(text.charCodeAt(at))) {
          digits++;
          end = at + 1;
        } else if (!(at === end && separator(text.charCodeAt(at)))) break;
      }
      if (digits > digitsAllowed) {
        out += text.slice(from, i) + redactedDigits;
        from = end;
      }
      i = end;
      continue;
    }
    i++;
  }
  return out + text.slice(from);
}

function tokenStart(text: string, at: number): number {
  let i = at;
  while (i > 0 && wordish(text.charCodeAt(i - 1))) i--;
  return i;
}

function tokenEnd(text: string, at: number): number {
  let i = at + 1;
  while (i < text.length && wordish(text.charCodeAt(i))) i++;
  return i;
}

/** Letters, digits, and what mail addresses use; everything beyond ASCII counts as a letter. */
function wordish(code: number): boolean {
  return (
    digit(code) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x2e ||
    code === 0x2d ||
    code === 0x5f ||
    code === 0x2b ||
    code === 0x25 ||
    code >= 0x80
  );
}

function digit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0xff10 && code <= 0xff19) || (code >= 0x660 && code <= 0x669);
}

function separator(code: number): boolean {
  return code === 0x20 || (code >= 0x2d && code <= 0x2f) || code === 0x5f || code === 0xa0;
}

function cut(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  let used = 0;
  let end = 0;
  for (const char of text) {
    used += Buffer.byteLength(char);
    if (used > bytes - 3) break;
    end += char.length;
  }
  return `${text.slice(0, end)}…`;
}
