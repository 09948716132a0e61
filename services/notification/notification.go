package notification

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

// Reasons for which a message is dropped.
const (
	// TooLate: the message was worthless before it could be sent.
	TooLate fault.Code = "TOO_LATE"
	// NoAddress: the recipient is gone, or the channel does not reach it.
	NoAddress fault.Code = "NO_ADDRESS"
	// Suppressed: the address was refused before, see [SuppressFor].
	Suppressed fault.Code = "SUPPRESSED"
	// NotWanted: the recipient does not want to hear of orders by the channel any more.
	NotWanted fault.Code = "NOT_WANTED"
	// Erased: the account or the order is erased.
	Erased fault.Code = "ERASED"
)

// Kind is the kind of a message, for example "order.confirmed". It names its texts.
type Kind string

// The kinds.
const (
	OrderConfirmed      Kind = "order.confirmed"
	OrderCancelled      Kind = "order.cancelled"
	OrderRefunded       Kind = "order.refunded"
	ConfirmRegistration Kind = "account.confirm_registration"
	AlreadyRegistered   Kind = "account.already_registered"
	ConfirmAddress      Kind = "account.confirm_address"
	AddressChanged      Kind = "account.address_changed"
	ResetPassword       Kind = "account.reset_password"
	PasswordChanged     Kind = "account.password_changed"
	SessionOpened       Kind = "account.session_opened"
)

// Channel is a way of a message.
type Channel string

// The channels.
const (
	Email Channel = "email" // to an address of mail
	SMS   Channel = "sms"   // to a telephone number
	Push  Channel = "push"  // to the devices that the provider knows of an account
)

// Rule says how messages of a kind are sent.
type Rule struct {
	Kind Kind
	// Mail reports that the subject is a mail that the user service wants: it has the
	// address, and a token. Otherwise the address is the account's.
	Mail bool
	// Lasts is how long after the fact the message is worth something; a mail of the user
	// service has an end of its own too.
	Lasts time.Duration
	// Optional are channels by which it comes beside the mail, if the recipient wants that.
	Optional []Channel
}

const day = 24 * time.Hour

// Always are the channels of every kind. All kinds are about the recipient's own orders or
// the security of the account, so no preference turns them off.
var Always = []Channel{Email}

// Rules has the rule of every kind.
var Rules = []Rule{
	{OrderConfirmed, false, 3 * day, []Channel{SMS, Push}},
	{OrderCancelled, false, 3 * day, []Channel{SMS, Push}},
	{OrderRefunded, false, 3 * day, []Channel{SMS, Push}},
	{ConfirmRegistration, true, day, nil},
	{AlreadyRegistered, true, day, nil},
	{ConfirmAddress, true, day, nil},
	{AddressChanged, true, 3 * day, nil},
	{ResetPassword, true, time.Hour, nil},
	{PasswordChanged, false, 3 * day, nil},
	{SessionOpened, false, day, nil},
}

// AboutOrders are the kinds of messages about an order.
var AboutOrders = []Kind{OrderConfirmed, OrderCancelled, OrderRefunded}

// RuleOf returns the rule of a kind, or INVALID.
func RuleOf(k Kind) (Rule, error) {
	for _, r := range Rules {
		if r.Kind == k {
			return r, nil
		}
	}
	return Rule{}, fault.Errorf(fault.Business, fault.Invalid, "there is no message of kind %.40q", string(k))
}

// Guest is the recipient of notices about an order without an account.
const Guest = "guest"

// Notice is a fact that a person is to be told. It has ids, amounts and codes only.
type Notice struct {
	Kind Kind
	// Subject is the order, the account or the mail that it is about.
	Subject string
	// Occurrence tells facts of one kind about one subject apart; empty: it happens once.
	Occurrence string
	// Recipient is the account that is told, or [Guest].
	Recipient string
	Facts     Facts
	// At is when it happened.
	At time.Time
}

// Facts are what the text of a notice needs beside the contact. None is personal data.
type Facts struct {
	Lines []Line `json:"lines,omitempty"`
	// Total is zero if the order was never quoted; of a refund it is the amount that was paid
	// back.
	Total money.Amount `json:"total,omitzero"`
	// Reason is the code for which an order was cancelled.
	Reason string `json:"reason,omitempty"`
	// Reset reports that a password was changed by a mail.
	Reset bool `json:"reset,omitempty"`
}

// Line is a line of an order.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Key returns the id of the notice's delivery by a channel: the same for every telling of
// the same fact.
func (n Notice) Key(c Channel) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(n.Kind), n.Subject, n.Occurrence, string(c), n.Recipient}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// State is the state of a delivery.
type State string

// The states. Only a delivery that is WANTED changes.
const (
	Wanted  State = "WANTED"
	Sent    State = "SENT"
	Dropped State = "DROPPED"
)

// Delivery is one message to one recipient by one channel.
type Delivery struct {
	ID         string  `json:"id"`
	Kind       Kind    `json:"kind"`
	Subject    string  `json:"subject"`
	Occurrence string  `json:"occurrence,omitempty"`
	Channel    Channel `json:"channel"`
	Recipient  string  `json:"recipient"`
	Facts      Facts   `json:"-"`
	State      State   `json:"state"`
	// Reason is why it was dropped, or why the last attempt failed.
	Reason fault.Code `json:"reason,omitempty"`
	// Address and Locale are those of the last attempt; empty before the first. Address is
	// personal data.
	Address  string `json:"address,omitempty"`
	Locale   string `json:"locale,omitempty"`
	Attempts int64  `json:"attempts"`
	// Provider is the one that may have taken the message; empty: none.
	Provider  string    `json:"provider,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	// NextAt is when the next attempt is due, of one that is WANTED.
	NextAt time.Time `json:"next_at"`
	// ExpiresAt is when the message becomes worthless.
	ExpiresAt time.Time `json:"expires_at"`
	// EndedAt is when it was sent or dropped, else zero.
	EndedAt time.Time `json:"ended_at,omitzero"`
}

// Contact is where a person is reached, and in which language. It is personal data.
type Contact struct {
	Name, Locale string
	// Addresses are those by channel.
	Addresses map[Channel]string
	// Wants are the optional channels by which the recipient wants to hear of orders.
	Wants map[Channel]bool
	// Token is the secret of a mail that the user service wants.
	Token string
	// ExpiresAt is when such a mail becomes worthless; zero: never.
	ExpiresAt time.Time
}

// SuppressFor is how long an address stays suppressed that was refused: an owner who has
// mended it waits no longer.
const SuppressFor = 7 * day
