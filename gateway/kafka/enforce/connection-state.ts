/** What enforcements keep of one client connection from frame to frame. It goes when the connection goes. */
export class ConnectionState {}
