// Package simulator has providers of text and push messages, which keep a book. The last
// digits of a telephone number decide how the first provider of text messages behaves:
//
//	…9001  it refuses the message
//	…9002  it sends the message, and its reply is lost
//	…9003  it is slow: it takes longer than its caller waits, and sends nothing
//	…9004  it is down
package simulator

import (
	"context"
	"embed"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/notification/channel"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is that of the simulators' database.
var Schema = database.Schema{database.Migrations(files)}

// The providers. Only TextMessages is moved by telephone numbers.
const (
	TextMessages = "sms"
	TextReserve  = "sms_reserve"
	PushMessages = "push"
)

// Entry is a row of a provider's book.
type Entry struct {
	Provider string `gorm:"primaryKey"`
	Key      string `gorm:"primaryKey"`
	State    string
	Address  string
	Body     string
	At       time.Time
}

// TableName implements gorm's Tabler.
func (Entry) TableName() string { return "messages" }

// The states of entries.
const (
	sent   = "sent"
	closed = "closed"
)

// Simulator is a provider. Several may work on one database.
type Simulator struct {
	db   *gorm.DB
	name string
}

var _ channel.Provider = (*Simulator)(nil)

// New returns the provider of a name on db, which must be migrated to [Schema].
func New(db *gorm.DB, name string) *Simulator { return &Simulator{db, name} }

// Book returns the messages of all providers, by provider and key.
func Book(ctx context.Context, db *gorm.DB) (all []Entry, err error) {
	err = db.WithContext(ctx).Where("state = ?", sent).Order("provider, key").Find(&all).Error
	return all, database.Fault(err)
}

// errSilence is the end of a connection on which no answer came.
var errSilence = errors.New("the connection was closed without a reply")

// Send implements [channel.Channel].
func (s *Simulator) Send(ctx context.Context, m channel.Message) error {
	behaviour := ""
	if n := len(m.To); s.name == TextMessages && strings.HasPrefix(m.To, "+") && n > 4 {
		behaviour = m.To[n-4:]
	}
	switch behaviour {
	case "9001":
		return fault.Errorf(fault.Business, channel.Refused, "the provider refuses the message")
	case "9003":
		<-ctx.Done()
		return fault.Wrap(ctx.Err(), fault.Unknown, channel.NoAnswer, "the provider gave no answer")
	case "9004":
		return fault.Errorf(fault.Transient, channel.Unavailable, "the provider is down")
	}
	e, err := s.enter(ctx, Entry{s.name, m.Key, sent, m.To, m.Text, database.Now()})
	switch {
	case err != nil:
		return fault.Wrap(err, fault.Unknown, channel.NoAnswer, "the provider gave no answer")
	case e.State == closed:
		return fault.Errorf(fault.Business, channel.Refused, "the key is closed at the provider")
	case behaviour == "9002":
		return fault.Wrap(errSilence, fault.Unknown, channel.NoAnswer, "the provider gave no answer")
	}
	return nil
}

// Close implements [channel.Provider].
func (s *Simulator) Close(ctx context.Context, key string) (bool, error) {
	e, err := s.enter(ctx, Entry{Provider: s.name, Key: key, State: closed, At: database.Now()})
	return e.State == sent, err
}

// enter writes e unless its key has a row, and returns the row.
func (s *Simulator) enter(ctx context.Context, e Entry) (row Entry, err error) {
	err = database.InTx(ctx, s.db, func(tx *gorm.DB) error {
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&e).Error; err != nil {
			return err
		}
		return tx.Where("provider = ? AND key = ?", e.Provider, e.Key).Take(&row).Error
	})
	return row, err
}
