package user

import (
	"context"

	"github.com/amends/amends/internal/identity/token"
)

// Service is the user service. None of its methods is a step of a saga. A method about an
// account that does not exist fails with NOT_FOUND; ids and texts that are too long are
// refused with INVALID.
type Service interface {
	token.Source
	Entry
	Own
	Staff
	Journal

	// Mail returns a mail that was asked for by a fact, with its token; NOT_FOUND if it is
	// worthless by now. It changes nothing.
	Mail(ctx context.Context, id string) (Mail, error)
	// Mails returns the newest mails that are worth something, newest first, at most limit.
	Mails(ctx context.Context, limit int) ([]Mail, error)
}

// Entry is the part for callers who have no session yet.
type Entry interface {
	// Register sends a mail that confirms the registration, or, if the address has an
	// account, one to its owner that says so. Both answer the same, in the same time. A
	// repeat sends another mail, but for a [Pause]. The reader of the mail chooses
	// the password, see Confirm: that of r does not count. It refuses with INVALID.
	Register(ctx context.Context, r Registration) error

	// Confirm carries out what the token of a mail was sent for: it makes the registered
	// account, with a password, or gives an account its new address, without one, which the
	// old address is told. A repeat, an old token and a token of another template are refused
	// with TOKEN_SPENT; an address that another account has got meanwhile with ADDRESS_TAKEN;
	// the password with WEAK_PASSWORD, also if it is missing, and with INVALID if none is
	// needed. These leave the token as it is. It fails with OVERLOADED.
	Confirm(ctx context.Context, mailToken, password string) (Confirmation, error)

	// LogIn opens a session. It refuses with BAD_CREDENTIALS, also a locked account, and
	// with TRY_LATER after failed attempts for the address, see [Wait]. Addresses without an
	// account are answered the same, in the same time. It fails with OVERLOADED.
	LogIn(ctx context.Context, l Login) (Tokens, error)

	// Refresh exchanges a refresh token. The predecessor of the current one answers it
	// again for [Grace]. An older one ends the session. All refusals are SESSION_ENDED.
	Refresh(ctx context.Context, refreshToken string) (Tokens, error)

	// AskReset sends a mail by which the password is reset, if the address has an account,
	// but for a [Pause]. It answers the same otherwise, in the same time.
	AskReset(ctx context.Context, email string) error

	// Reset sets the password of the account to which the mail was sent, ends all its
	// sessions and forgets failed attempts. It refuses with TOKEN_SPENT and WEAK_PASSWORD,
	// and fails with OVERLOADED.
	Reset(ctx context.Context, mailToken, password string) error
}

// Own is the part for the owner of an account, whom the caller has authenticated.
type Own interface {
	// Account returns the account of an id.
	Account(ctx context.Context, id string) (Account, error)

	// Change changes the profile. A repeat changes nothing. It refuses with INVALID.
	Change(ctx context.Context, account string, c Change) (Account, error)

	// Sessions returns the open sessions, the newest first.
	Sessions(ctx context.Context, account string) ([]Session, error)

	// LogOut ends a session of the account, or all if session is empty. A repeat changes
	// nothing; a session that the account never had is NOT_FOUND.
	LogOut(ctx context.Context, account, session string) error

	// ChangePassword changes the password and ends the other sessions. Failed attempts
	// elsewhere do not matter to it. It refuses with BAD_CREDENTIALS if Old is not the
	// password, and ends the session after [FreeAttempts] such refusals in a row; with
	// SESSION_ENDED; and with WEAK_PASSWORD. It fails with OVERLOADED.
	ChangePassword(ctx context.Context, c PasswordChange) error

	// ChangeEmail sends a mail to the new address; the change happens when it is confirmed.
	// If another account has the address, its owner gets another mail, and the answer is
	// the same. It refuses with INVALID, and as ChangePassword does.
	ChangeEmail(ctx context.Context, c EmailChange) error

	// Deliveries returns the addresses of the account, the oldest first.
	Deliveries(ctx context.Context, account string) ([]Delivery, error)

	// PutDelivery adds an address, with a new id if it has none, or replaces it: then a
	// repeat changes nothing. It refuses with INVALID, with NOT_FOUND for an id that
	// is not the account's, and with TOO_MANY.
	PutDelivery(ctx context.Context, account string, d Delivery) (Delivery, error)

	// RemoveDelivery removes an address. A repeat changes nothing.
	RemoveDelivery(ctx context.Context, account, id string) error

	// Keys returns the API keys of the account that are not revoked, the newest first.
	Keys(ctx context.Context, account string) ([]APIKey, error)

	// CreateKey makes an API key and returns it with its secret, for the only time. Every
	// call makes another one. It refuses with INVALID and TOO_MANY.
	CreateKey(ctx context.Context, k NewKey) (key APIKey, secret string, err error)

	// RevokeKey ends a key of the account. A repeat changes nothing; a key that the account
	// never had is NOT_FOUND.
	RevokeKey(ctx context.Context, account, id, by string) error

	// Erase removes the account with its personal data, also from its orders, and ends its
	// sessions and keys. The records of its security stay. A session's owner proves the password as in
	// ChangePassword. It refuses with ORDERS_OPEN while an order is undecided, and fails
	// with UNAVAILABLE if the order service cannot say so. From its first commit on no session
	// of the account begins, and it cannot be taken back: one that was broken off is completed
	// by a repeat, also by EraseAccount. A repeat after its end is NOT_FOUND.
	Erase(ctx context.Context, account, session, password string) error
}

// Staff is the part for support and operators.
type Staff interface {
	// Create makes an account without a mail, with a role. Without a password its owner
	// sets one by a reset. It refuses with INVALID, WEAK_PASSWORD and ADDRESS_TAKEN.
	Create(ctx context.Context, r Registration, role Role, by string) (Account, error)

	// Find returns the account with an address of mail.
	Find(ctx context.Context, email string) (Account, error)

	// SetRole changes the role and ends the account's sessions, whose tokens have the old
	// scopes. API keys lose what the new role does not have. A repeat changes nothing.
	SetRole(ctx context.Context, d Decision, role Role) (Account, error)

	// Lock ends the account's sessions and API keys, and lets none begin until Unlock. A
	// repeat changes nothing. Both refuse with INVALID a decision without author or reason.
	Lock(ctx context.Context, d Decision) (Account, error)
	Unlock(ctx context.Context, d Decision) (Account, error)

	// EraseAccount is Erase by an operator, for an owner who asked for it in another way. It
	// refuses with INVALID a decision without author or reason, and as Erase does.
	EraseAccount(ctx context.Context, d Decision) error

	// Records returns what happened to an account's security, the newest first, at most
	// limit, also of an erased account. before is the id of the last record of the page
	// before; empty: the first page.
	Records(ctx context.Context, account, before string, limit int) ([]Record, error)
}

// Orders is the part of the order service that an erasure needs.
type Orders interface {
	// Undecided reports whether a customer has an order that is not decided.
	Undecided(ctx context.Context, customer string) (bool, error)
	// Erase removes the personal data from an account's orders. Author and reason are empty if
	// its owner asked. A repeat is fine.
	Erase(ctx context.Context, d Decision) error
}
