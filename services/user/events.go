package user

import "github.com/amends/amends/event"

// Facts are all facts of the service, those below.
var Facts []event.Declaration

// The facts that the service tells. None has personal data or a secret: a listener asks
// for them by id, and is checked.
var (
	// RegisteredFact is told when there is a new account.
	RegisteredFact = declare[RegisteredData](event.Declaration{Name: "registered", About: "The account exists from now on, with a confirmed address."})
	// ChangedFact is told when the profile, the address, the role or the lock changes.
	ChangedFact = declare[ChangedData](event.Declaration{Name: "changed", State: true, About: "The account has changed, or is new."})
	// ErasedFact is told when the account is gone.
	ErasedFact = declare[ErasedData](event.Declaration{Name: "erased", About: "The account and its personal data are gone; whoever keeps more of them removes it."})
	// SessionOpenedFact is told when a log-in succeeds.
	SessionOpenedFact = declare[SessionData](event.Declaration{Name: "session_opened", About: "The account's owner has logged in."})
	// SessionRevokedFact is told when a session ends before its time.
	SessionRevokedFact = declare[RevokedData](event.Declaration{Name: "session_revoked", About: "The session has ended: its tokens prove nothing any more."})
	// KeyRevokedFact is told when an API key ends before its time.
	KeyRevokedFact = declare[RevokedData](event.Declaration{Name: "key_revoked", About: "The API key has ended: it proves nothing any more."})
	// PasswordChangedFact is told when the password is changed or reset.
	PasswordChangedFact = declare[PasswordData](event.Declaration{Name: "password_changed", About: "The password of the account is another one."})
	// MailWantedFact is told when an owner must get a mail.
	MailWantedFact = declare[MailData](event.Declaration{Name: "mail_wanted", About: "A mail is to be sent: its address, text and token are asked for by its id."})
)

// declare adds a fact to the list.
func declare[Data any](d event.Declaration) event.Fact[Data] {
	d.Service, d.Version, d.Key = "user", 1, "user"
	f := event.Declare[Data](d)
	Facts = append(Facts, f.Declaration)
	return f
}

// RegisteredData is a new account.
type RegisteredData struct {
	Account string `json:"account"`
}

// ChangedData is an account at one version.
type ChangedData struct {
	Account string `json:"account"`
	Role    Role   `json:"role"`
	Locale  string `json:"locale"`
	Locked  bool   `json:"locked"`
}

// ErasedData is an account that is gone.
type ErasedData struct {
	Account string `json:"account"`
}

// SessionData is a new session.
type SessionData struct {
	Account string `json:"account"`
	Session string `json:"session"`
}

// RevokedData is a session, or an API key, that has ended.
type RevokedData struct {
	Account string `json:"account"`
	ID      string `json:"id"`
	// Position is that of the entry in the list of revocations.
	Position int64 `json:"position"`
	Cause    Event `json:"cause"` // of the record that ended it
}

// PasswordData is the account whose password is another one.
type PasswordData struct {
	Account string `json:"account"`
	// Reset reports that the owner had a mail instead of the old password.
	Reset bool `json:"reset"`
	// Record is the id of the record of this change.
	Record string `json:"record"`
}

// MailData is a mail that is to be sent.
type MailData struct {
	Account  string   `json:"account"`
	Mail     string   `json:"mail"`
	Template Template `json:"template"`
}
