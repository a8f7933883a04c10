/** The id that stands where a topic has none: 16 zero bytes, as the codec reads them. */
export const noTopicId = 'AAAAAAAAAAAAAAAAAAAAAA';

/** A topic as messages name it: by name, or by id alone (KIP-516), which depends on the version. */
export interface TopicRef {
  readonly name: string;
  readonly topicId: string;
}
