import { GroupMembers } from './group-members.ts';
import { ShareSessions } from './share-sessions.ts';

/** What enforcements keep of one client connection from frame to frame. It goes when the connection goes. */
export class ConnectionState {
  readonly groupMembers = new GroupMembers();
  readonly shareSessions = new ShareSessions();
}
