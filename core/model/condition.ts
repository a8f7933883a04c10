/** The state of one side of the gateway, as Kubernetes conditions say it. */
export interface Condition {
  readonly type:
    | 'Ready'
    | 'Reconciling'
    | 'Stalled'
    /** The policy repo was read lately enough. */
    | 'Fresh'
    | 'RecorderHealthy'
    | 'BrokerHealthy'
    /** Every data worker runs. Only of a gateway that has some. */
    | 'WorkersRunning'
    /** Files of the secrets for the forge. Only of a gateway that has one. */
    | 'SecretsReadable'
    /** Every cluster of gateway.yaml has a document in the policy repo: nobody gets anything on one that has none. */
    | 'ClustersKnown'
    | 'CleanUpPending'
    /** Somebody has or had access by a BreakGlass that was not reviewed yet. */
    | 'EmergencyAccess';
  readonly status: 'True' | 'False' | 'Unknown';
  /** One CamelCase word, stable: `UnreviewedCommit`, `InvalidPolicyRepo`. */
  readonly reason: string;
  readonly message: string;
  /** Epoch ms of the last change of status or reason. */
  readonly since: number;
}
