import { loadYaml, type YamlFile } from './load-yaml.ts';
import type { SourceFile } from './source-file.ts';

const read = new WeakMap<SourceFile, YamlFile>();

/** As `loadYaml`, parsed once as long as the file is held: tests are looked at with the rules, and again by themselves. */
export function loadYamlOnce(file: SourceFile): YamlFile {
  const known = read.get(file);
  if (known) return known;
  const loaded = loadYaml(file);
  read.set(file, loaded);
  return loaded;
}
