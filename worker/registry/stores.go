package registry

import (
	"context"
	"errors"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"gorm.io/gorm"

	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	querystore "github.com/amends/amends/services/query/store"
	"github.com/amends/amends/worker/registry/disturb"
	"github.com/amends/amends/worker/reporting"
)

// events are the tables that every service has beside its own: those of its leases, and
// of the facts of others that it follows.
var events = database.Schema{database.Set(lease.Name, lease.Migrations), database.Set(waiting.Name, waiting.Migrations)}

// Stores are the open databases of one service.
type Stores struct {
	Row     Row
	Own     *gorm.DB
	outside *gorm.DB // nil for a service without an external system
	// installation is the one that both must belong to; empty: any.
	installation string
	// secret is the service's; empty for a service without one, or a process that only
	// migrates.
	secret string
	// mail says how the service sends mails, for one that does.
	mail Mail
	// disturb is met by the calls of the service's external system.
	disturb disturb.Systems
	// asked are the services that it asks, by name.
	asked map[string]grpc.ClientConnInterface
	// readModel is the store of the query service, made once: its parts wake each other.
	readModel     *querystore.Store
	readModelOnce sync.Once
}

// DSNs locate the databases of one service.
type DSNs struct {
	// Own is the service's; Outside is that of the simulator of its external system,
	// unused if the service calls none.
	Own, Outside string
	// Installation is the one that the databases must belong to; empty: any.
	Installation string
	// Secret is the service's, if it has one.
	Secret string
	// Mail says how it sends mails, if it does.
	Mail Mail
	// Disturb is met by the calls of its external system.
	Disturb disturb.Systems
}

// Mail says how mails are sent.
type Mail struct {
	// URL is the server, smtp://user:password@host:port; empty: none, and mails wait.
	URL string
	// From is the sender.
	From string
	// Site is the address of the shop for its customers; empty: mails have no links.
	Site string
}

// Open opens the databases of a row's service, whoever owns them: see
// [Stores.Migrate] and [Stores.Ready]. Its error is a fault.
func Open(ctx context.Context, r Row, at DSNs, o database.Options) (*Stores, error) {
	o.CustomPlans = r.searches
	db, err := database.Open(ctx, at.Own, o)
	if err != nil {
		return nil, about(r.Name, err)
	}
	opened := &Stores{Row: r, Own: db, installation: at.Installation, secret: at.Secret, mail: at.Mail, disturb: at.Disturb}
	if r.outside != nil {
		if opened.outside, err = database.Open(ctx, at.Outside, o); err != nil {
			return nil, errors.Join(about(r.Name+"'s simulator", err), database.Close(db))
		}
	}
	return opened, nil
}

// Ask connects a service to another one that it asks.
type Ask func(self, service string) (grpc.ClientConnInterface, error)

// Prepare readies the service to be called: it has its secret, if it needs one, and
// connections to those that it asks. Without ask none can be asked.
func (s *Stores) Prepare(ask Ask) error {
	if err := Check(s.Row.Name, s.secret); err != nil {
		return err
	}
	s.asked = map[string]grpc.ClientConnInterface{}
	for _, service := range s.Row.asks {
		if ask == nil {
			continue
		}
		conn, err := ask(s.Row.Name, service)
		if err != nil {
			return err
		}
		s.asked[service] = conn
	}
	return nil
}

// about names the database that err comes from. The result is a fault whose message
// a readiness check may show; the cause is for the log.
func about(whose string, err error) error {
	f := fault.Of(err)
	return fault.Wrap(err, f.Kind, f.Code, "database of "+whose+": "+f.Message)
}

// Migrate marks the databases as the service's and brings them to their newest
// versions. A repeat changes nothing. A database of another owner is refused; see
// [database.Owner].
func (s *Stores) Migrate(ctx context.Context) error {
	return s.each(func(owner database.Owner, schema database.Schema, db *gorm.DB) error {
		if err := owner.Claim(ctx, db, schema); err != nil {
			return err //nolint:wrapcheck // a fault, which about names
		}
		return schema.Migrate(ctx, db) //nolint:wrapcheck // the same
	})
}

// Ready returns nil if the databases answer, are the service's and are migrated,
// otherwise a fault.
func (s *Stores) Ready(ctx context.Context) error {
	return s.each(func(owner database.Owner, schema database.Schema, db *gorm.DB) error {
		if _, err := owner.Check(ctx, db); err != nil {
			return err //nolint:wrapcheck // a fault, which about names
		}
		return schema.Ready(ctx, db) //nolint:wrapcheck // the same
	})
}

// each calls f for the service's own database and that of the simulator.
func (s *Stores) each(f func(database.Owner, database.Schema, *gorm.DB) error) error {
	if err := f(s.owner(s.Row.Name), slices.Concat(s.Row.own, events), s.Own); err != nil {
		return about(s.Row.Name, err)
	}
	if s.outside != nil {
		if err := f(s.owner(s.Row.outsideName), s.Row.outside, s.outside); err != nil {
			return about(s.Row.Name+"'s simulator", err)
		}
	}
	return nil
}

func (s *Stores) owner(name string) database.Owner {
	return database.Owner{Name: name, Installation: s.installation}
}

// Mark returns the mark of the service's own database, and the database's place, see
// [database.Place]. Its error is a fault.
func (s *Stores) Mark(ctx context.Context) (m database.Mark, place string, err error) {
	if m, err = s.owner(s.Row.Name).Check(ctx, s.Own); err == nil {
		place, err = database.Place(ctx, s.Own)
	}
	if err != nil {
		return m, "", about(s.Row.Name, err)
	}
	return m, place, nil
}

// Told returns the event of an id in the service's outbox, and false if it is not there or
// the service tells nothing.
func (s *Stores) Told(ctx context.Context, id string) (outbox.Told, bool, error) {
	if !s.Row.Tells() {
		return outbox.Told{}, false, nil
	}
	return outbox.Find(ctx, s.Own, id) //nolint:wrapcheck // it names the operation
}

// Desk returns the desk of the letters of the service's listener.
func (s *Stores) Desk() *waiting.Desk { return reporting.Desk(s.Row.Name, s.Own) }

// Connections returns how many connections the service's own database may have open.
func (s *Stores) Connections() int {
	pool, err := s.Own.DB()
	if err != nil {
		return 1
	}
	return max(1, pool.Stats().MaxOpenConnections)
}

// waitersPerConn is how many steps of a service that calls an external system share
// one database connection: they hold none while they wait for the answer, and a
// system that hangs must not stop the other orders.
const waitersPerConn = 8

// Slots returns how many of the service's steps may run at a time. More would only wait
// for a connection while their time passes.
func (s *Stores) Slots() int {
	if s.outside != nil {
		return s.Connections() * waitersPerConn
	}
	return s.Connections()
}

// Close closes the databases.
func (s *Stores) Close() error {
	err := database.Close(s.Own)
	if s.outside != nil {
		err = errors.Join(err, database.Close(s.outside))
	}
	return err
}
