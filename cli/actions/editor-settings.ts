/** What editors have to be told so that they know which schema a YAML file follows. */
import { applyEdits, modify, type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import { InputError } from '../../core/errors/sluice-error.ts';

/** A schema file and the part of the policy repo that follows it, both relative to the repo. */
export interface SchemaPlace {
  readonly kind: string;
  readonly schema: string;
  /** A folder with its `/`, or one file. */
  readonly place: string;
}

export const editors = {
  vscode: { path: '.vscode/settings.json', merge: vscodeSettings },
  jetbrains: { path: '.idea/jsonSchemas.xml', merge: jetbrainsSettings },
} as const;

export type Editor = keyof typeof editors;

/** VS Code's settings with `yaml.schemas` for these schemas; comments, and all that is not about them, stay. */
function vscodeSettings(before: string | undefined, places: readonly SchemaPlace[]): string {
  const path = editors.vscode.path;
  const errors: ParseError[] = [];
  const text = before === undefined || before.trim() === '' ? '{}\n' : before;
  const settings: unknown = parse(text, errors, { allowTrailingComma: true });
  if (errors[0]) throw notMerged(path, `${printParseErrorCode(errors[0].error)} at offset ${errors[0].offset}`);
  if (!isMap(settings)) throw notMerged(path, 'it is not an object');
  const known = settings['yaml.schemas'];
  if (known !== undefined && !isMap(known)) throw notMerged(path, "its 'yaml.schemas' is not an object");
  const formattingOptions = {
    insertSpaces: !/^\t/m.test(text),
    tabSize: 2,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  };
  return places.reduce((now, { schema, place }) => {
    const globs = place.endsWith('/') ? [`/${place}**/*.yaml`, `/${place}**/*.yml`] : `/${place}`;
    if (JSON.stringify(known?.[`./${schema}`]) === JSON.stringify(globs)) return now;
    return applyEdits(now, modify(now, ['yaml.schemas', `./${schema}`], globs, { formattingOptions }));
  }, text);
}

/** The schema mappings of JetBrains' IDEs; entries that are not called `Sluice …` stay. */
function jetbrainsSettings(before: string | undefined, places: readonly SchemaPlace[]): string {
  const entries = places.map(jetbrainsEntry).join('');
  if (before === undefined || before.trim() === '') {
    return `<?xml version="1.0" encoding="UTF-8"?>
<project version="4">
  <component name="JsonSchemaMappingsProjectConfiguration">
    <state>
      <map>
${entries}      </map>
    </state>
  </component>
</project>
`;
  }
  const others = before.replace(/[ \t]*<entry key="Sluice [A-Za-z]+">[\s\S]*?<\/entry>\r?\n?/g, '');
  const end = /[ \t]*<\/map>(?=\s*<\/state>)/.exec(others);
  if (!end) throw notMerged(editors.jetbrains.path, 'it has no <map> of schema mappings');
  return `${others.slice(0, end.index)}${entries}${others.slice(end.index)}`;
}

function jetbrainsEntry({ kind, schema, place }: SchemaPlace): string {
  const isFolder = place.endsWith('/');
  const item = [
    ...(isFolder ? ['<option name="directory" value="true" />'] : []),
    `<option name="path" value="${place.replace(/\/$/, '')}" />`,
    ...(isFolder ? ['<option name="mappingKind" value="Directory" />'] : []),
  ];
  return `        <entry key="Sluice ${kind}">
          <value>
            <SchemaInfo>
              <option name="name" value="Sluice ${kind}" />
              <option name="relativePathToSchema" value="${schema}" />
              <option name="patterns">
                <list>
                  <Item>
${item.map((line) => `                    ${line}\n`).join('')}                  </Item>
                </list>
              </option>
            </SchemaInfo>
          </value>
        </entry>
`;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function notMerged(path: string, why: string): InputError {
  return new InputError('FileNotWritten', `cannot add to ${path}`, {
    why,
    fix: 'mend the file, or move it away',
    at: path,
  });
}
