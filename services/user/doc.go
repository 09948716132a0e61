// Package user owns accounts: credentials, sessions, API keys, roles, addresses and
// preferences, and the record of what happened to their security.
//
// # State
//
// A registration is a mail until its reader confirms it with [Service.Confirm]; only then
// is there an account. So an address is never taken by a person who cannot read its mails,
// and an account that was not confirmed needs no rules. An account ends with
// [Service.Erase]; meanwhile it may be locked by an operator, which ends its sessions.
//
// A session is opened by [Service.LogIn] and ends by a log-out, by a change of the
// password elsewhere, by age, or because an old refresh token came back. Its tokens and
// those of mails are derived, see package secret; passwords are hashed by package password.
//
// # Invariants
//
//   - An address of mail belongs to at most one account, in any case of its letters.
//   - A session has one current refresh token. Its predecessor answers the same successor
//     again for [Grace], and only until the successor is used; every older one ends the
//     session.
//   - No answer tells whether an address has an account: not by its content, not by its
//     code, and not by its time, because the same work is done for both.
//   - Whatever ends a session or an API key is a row of the list of revocations, in the
//     transaction that ends it: see [token.Source].
//   - Every change of an account's credentials, roles or state is a [Record], which is kept
//     when the account is erased. It has no personal data.
//
// # Do and undo
//
// Nothing of the service is a step of a saga.
package user
