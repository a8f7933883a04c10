import type { WrittenSchemas } from '../actions/write-schemas.ts';
import { type Style, visible } from './style.ts';

/** What was written, and how a file says itself which schema it follows. */
export function schemasPretty({ out, written, unchanged }: WrittenSchemas, style: Style): string {
  const left = unchanged === 0 ? '' : `, ${unchanged} up to date`;
  return [
    `${style.green('ok:')} ${written.length} written${left}`,
    ...written.map((path) => `  ${visible(path)}`),
    '',
    'Editors with a YAML language server also follow the first line of a file, such as:',
    `  # yaml-language-server: $schema=../${visible(out)}/stream.schema.json`,
  ].join('\n');
}
