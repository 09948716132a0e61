// Package token has the access tokens of accounts: the user service signs them, and
// every gateway verifies them without a call.
//
// # Tokens
//
// A token is a JWT (RFC 9068, type at+jwt) with an Ed25519 signature. It is valid for
// [Lifetime] and names an account, its session and its scopes. Type, algorithm, issuer
// and audience are fixed: a token that says otherwise is refused, whatever signed it. The
// keys rotate; [Keys.JWKS] shows the public ones to others.
//
// # Revocation
//
// A [Verifier] follows the user service's list of ended sessions and revoked API keys by
// position (see [Source]). It refuses their tokens within [Every] and a call. It knows
// how old its copy is, because each answer is read from the service's database: a copy
// older than [Stale] proves nothing, and then each token costs a question to the service.
// docs/adr/0050 says why this list is asked for and not heard from the broker.
//
// # API keys
//
// A key (see [IsKey]) is checked by the user service. The answer holds for [KeyLife],
// unless the list names the key before.
package token
