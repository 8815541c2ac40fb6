/*
 * People who sign in at their provider with a browser (OpenID Connect): what a provider does, whatever vendor it is of.
 */

/** One sign-in, as the browser that began it knows it. */
export interface BrowserSignInRequest {
  /** Where the provider sends the browser back to. */
  readonly redirectUri: string
  /** Comes back with the answer. */
  readonly state: string
  /** Comes back in the identity token. */
  readonly nonce: string
  /** PKCE: the secret that only who began can know. */
  readonly verifier: string
  /** The person has to show who they are, also when the provider has signed them in already. */
  readonly isFresh: boolean
  readonly began: Date
}

/** Who signed in, on the word of the provider. */
export interface SignedInIdentity {
  /** Immutable id, the one that sync knows the person by. */
  readonly id: string
  /** When the person showed who they are; undefined where the provider does not tell. */
  readonly authenticatedAt: Date | undefined
}

export interface BrowserSignIn<Identity extends SignedInIdentity = SignedInIdentity> {
  /** Origin that the browser is sent to. */
  readonly authority: string
  /** Whether people could be sent there. Throws ProviderError. */
  test(): Promise<void>
  /** Where to send the browser. Throws ProviderError. */
  address(request: BrowserSignInRequest): Promise<string>
  /**
   * Takes what the browser came back with. Throws ProviderError for everything that is not the word of this provider about
   * somebody of this tenant, given for this request.
   */
  complete(request: BrowserSignInRequest, answer: URLSearchParams): Promise<Identity>
}
