/** The order in which a kind's schema lists its keys, as far down as they go. */
export interface KeyOrder {
  /** Keys in their order; others come after them as they stand. */
  readonly keys: readonly string[];
  /** Orders of the values, by key. */
  readonly inside: Readonly<Record<string, KeyOrder>>;
  /** Order of a list's items. */
  readonly items: KeyOrder | undefined;
}

/** A JSON Schema, as far as it says which keys there are. */
export interface KeySchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, KeySchema>>;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly items?: KeySchema;
}

/** The order of a schema; a description comes first, so that one reads what follows with it. */
export function keyOrderOf(root: KeySchema, given: KeySchema = root): KeyOrder {
  const schema = given.$ref === undefined ? given : (root.$defs?.[given.$ref.replace('#/$defs/', '')] ?? {});
  const keys = Object.keys(schema.properties ?? {});
  const inside = Object.entries(schema.properties ?? {}).map(([key, value]) => [key, keyOrderOf(root, value)]);
  return {
    keys: keys.includes('description') ? ['description', ...keys.filter((key) => key !== 'description')] : keys,
    inside: Object.fromEntries(inside),
    items: schema.items && keyOrderOf(root, schema.items),
  };
}

/** Orders by kind, of those schemas that are of a kind. */
export function keyOrders(schemas: readonly KeySchema[]): ReadonlyMap<string, KeyOrder> {
  return new Map(
    schemas.flatMap((schema): [string, KeyOrder][] => {
      const kind = schema.properties?.['kind']?.const;
      return typeof kind === 'string' ? [[kind, keyOrderOf(schema)]] : [];
    }),
  );
}
