// Package config has the settings of amends, their defaults and their rules; a section
// that is about one part of amends, such as [Saga], is a type with a file of its own.
//
// A value comes from, in this order: a command-line flag, an AMENDS_*
// environment variable, the file of --config (YAML), the default. The key
// services.order.max_conns is the flag --services-order-max-conns where a
// command has it, AMENDS_SERVICES_ORDER_MAX_CONNS, and nested in the file. An
// empty environment variable counts as unset. [Load] refuses unknown keys, so
// that a misspelt key does not silently become a default, and reports every
// problem at once.
package config

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/amends/amends/internal/config/broker"
	"github.com/amends/amends/internal/config/edge"
	"github.com/amends/amends/internal/config/secret"
	"github.com/amends/amends/internal/config/service"
	"github.com/amends/amends/internal/config/setting"
	"github.com/amends/amends/internal/config/temporal"
)

// Config has every setting. The zero Config is not useful: start from [Default].
// A field's comment states its meaning, its special value, and its default.
type Config struct {
	// DataDir is the folder of `amends dev`: its databases, the engine's state,
	// generated passwords and the dev server's log. It is created if it is missing.
	// Default: .amends in the working directory.
	DataDir string `key:"data_dir" reads:"api,worker,dev,broker" help:"folder of the databases and the engine's state"`

	// Installation is the name of the platform whose databases these are: 1 to 63
	// letters, digits, dots, dashes or underscores. `amends migrate` writes it into every
	// database that has none, and a database of another one is refused by every command.
	// Every process of a platform must have the same. Empty: each database as it is; in
	// `amends dev`, a name that is made up once and kept in DataDir. Default: empty.
	Installation string `key:"installation" reads:"worker,migrate,dev" help:"name of the platform that the databases must belong to"`

	// HTTPAddr is the address of the API, host:port. Port 0 is any free one; an
	// empty host is every interface. Default: 127.0.0.1:8080.
	HTTPAddr string `key:"http_addr" reads:"api,dev" help:"address of the API"`

	// Auth says who may place, read and cancel orders: required, callers with a token of an
	// account or an API key; optional, also guests, each only their own orders. Empty:
	// required, but optional in `amends dev` on an HTTPAddr of this machine. Default: empty.
	Auth string `key:"auth" reads:"api,dev" help:"who may order: required (accounts), optional (also guests)"`

	// GuestSecret derives the ids and the claims of guests' orders: at least 24 characters,
	// the same for every API of a platform. A new one makes every claim void. `amends dev`
	// makes one, and keeps it in DataDir. Needed where guests order. Default: empty.
	GuestSecret secret.Text `key:"guest_secret" reads:"api,dev"`

	// EarlierOrders looks at the engine, before a guest's order is placed, for one that 0.1.0
	// has placed under the same key: one call for each order. Turn it off where 0.1.0 has
	// never run, or when the namespace's retention has passed since the last of its orders
	// has ended: before, a repeat would be a second order. Default: true.
	EarlierOrders bool `key:"earlier_orders" reads:"api,dev"`

	// Shop serves the pages of a shop for customers at HTTPAddr, beside the API. Default: true.
	Shop bool `key:"shop" reads:"api,dev" help:"serve the pages of the shop at the API's address"`

	// InsecureHTTP lets HTTPAddr be one that other machines reach without TLS: behind a
	// proxy that has TLS. Default: false.
	InsecureHTTP bool `key:"insecure_http" reads:"api,dev" help:"answer plain HTTP to other machines, behind a proxy that has TLS"`

	// AdminAddr is the address of metrics, health and repair, host:port as for
	// HTTPAddr. It must not be public. Default: 127.0.0.1:9090.
	AdminAddr string `key:"admin_addr" reads:"api,worker,dev" help:"address of metrics, health and repair"`

	// Profiles serves Go's profiles at /debug/pprof/ of AdminAddr; taking one slows
	// the process down. Default: false.
	Profiles bool `key:"profiles" reads:"api,worker,dev"`

	// Temporal is the connection to the engine. `amends dev` starts an engine of its
	// own unless Temporal has an address, which then must be of this machine.
	Temporal temporal.Section `key:"temporal" reads:"api,worker,migrate,dev"`

	// PayloadKeys encrypts the payloads of sagas at the engine: id=key,id2=key2, each key
	// 32 bytes in base64. The first key encrypts, all of them decrypt; every process of a
	// platform that connects to the engine needs the same. Empty: the engine's histories
	// show the data of customers. Default: empty.
	PayloadKeys secret.Text `key:"payload_keys" reads:"api,worker,migrate,dev"`

	// TemporalPort is the port on 127.0.0.1 of the dev server that `amends dev`
	// starts if Temporal has no address. 0: any free one. Default: 7233.
	TemporalPort int `key:"temporal_port" reads:"dev" help:"port of the Temporal dev server"`

	// UIPort is the port of the dev server's Web UI. 0: any free one. Default: 8233.
	UIPort int `key:"ui_port" reads:"dev" help:"port of the Temporal Web UI"`

	// TemporalBin is the Temporal CLI that `amends dev` starts. Empty: the one
	// beside the amends executable, else the one on PATH if it is new enough.
	// Default: empty.
	TemporalBin string `key:"temporal_bin" reads:"dev" help:"Temporal CLI that runs the dev server"`

	// DatabaseURL is a PostgreSQL server, with a role that may create databases
	// and roles; `amends dev` creates a database and a role on it for every
	// service. Empty: one SQLite file per service in DataDir. Default: empty.
	DatabaseURL secret.DSN `key:"database_url" reads:"dev" help:"PostgreSQL server to make every service's database on, instead of SQLite"`

	// Durable makes SQLite, and the engine's SQLite in `amends dev`, wait for the
	// disk at every commit: safe against power loss, and slower. Without it a
	// commit is safe against the death of any process. Default: false.
	Durable bool `key:"durable" reads:"worker,migrate,dev" help:"make SQLite safe against power loss, and slower"`

	// SMTPURL is the server that sends mails: smtp://user:password@host:port, smtp+starttls://
	// to require TLS also without a password, or smtps:// for TLS from the beginning. Empty:
	// mails wait, and are dropped when they are too late; in `amends dev`, a server of its
	// own, which keeps them for `amends mail`. Default: empty.
	SMTPURL secret.Text `key:"smtp_url" reads:"worker,dev" help:"SMTP server that sends mails: smtp://user:password@host:port, smtp+starttls:// or smtps://"`

	// MailFrom is the sender of mails. Default: Shop <shop@localhost>.
	MailFrom string `key:"mail_from" reads:"worker,dev" help:"sender of mails, such as Shop <shop@example.com>"`

	// PublicURL is where customers reach the API, such as https://shop.example; links in mails
	// begin with it. Empty: mails have no links; in `amends dev`, the address of its API.
	// Default: empty.
	PublicURL string `key:"public_url" reads:"worker,dev" help:"where customers reach the API, such as https://shop.example, for links in mails"`

	// Sections; the comments of their fields have the meanings and defaults.
	Services  service.Services
	Broker    broker.Section `key:"broker" reads:"api,worker,dev"`
	HTTP      edge.HTTP      `key:"http" reads:"api,dev"`
	Seller    edge.Seller    `key:"seller" reads:"api,dev"`
	TLS       edge.TLS       `key:"tls" reads:"api,dev"`
	Legacy    edge.Legacy    `key:"legacy" reads:"api,dev"`
	Limits    edge.Limits    `key:"limits" reads:"api,dev"`
	Admission edge.Admission `key:"admission" reads:"api,dev"`
	Saga      Saga           `key:"saga" reads:"worker,dev"`
	Worker    Worker         `key:"worker" reads:"worker,dev"`
	RPC       RPC            `key:"rpc" reads:"worker,dev"`
	Stuck     Stuck          `key:"stuck" reads:"worker,dev"`
	Doctor    Doctor         `key:"doctor" reads:"worker,dev"`
	Log       Log            `key:"log" reads:"api,worker,migrate,dev,broker"`
	Identity  Identity       `key:"identity" reads:"api,worker,dev"`

	// OperatorTokens lists the operators that may repair sagas on the admin address
	// of the API, and decide about dead letters on that of a worker: name=secret,name2=secret2, with different names and different
	// secrets, each secret of 16 to 256 visible ASCII characters without a comma.
	// Empty: both are refused. Default: empty.
	OperatorTokens secret.Text `key:"operator_tokens" reads:"api,worker,dev"`

	// OperatorToken is the secret that `amends repair` sends: one of those of
	// OperatorTokens. Default: empty.
	OperatorToken secret.Text `key:"operator_token" reads:"tool"`

	// APIKey is the API key that `amends load` sends. Empty: it orders as a guest.
	// Default: empty.
	APIKey secret.Text `key:"api_key" reads:"tool"`

	// PlacementTimeout is how long the API waits until an order is durable before
	// it answers PLACEMENT_UNKNOWN; 100ms to 30s. Default: 10s.
	PlacementTimeout time.Duration `key:"placement_timeout" reads:"api,dev"`

	// LockTimeout is how long a statement of a step waits for a lock that another
	// transaction holds, before the engine retries the step. 0 is 250ms on PostgreSQL,
	// which locks rows, and 3s on SQLite, where all writers share one lock. Default: 0.
	LockTimeout time.Duration `key:"lock_timeout" reads:"worker,migrate,dev"`

	// ConnLifetime is how long a connection to PostgreSQL is used; each ends at a random
	// time in its last fifth. A shorter time finds a server sooner that has taken over
	// behind the same name; a server that refuses a write is left at once in any case.
	// Default: 30m.
	ConnLifetime time.Duration `key:"conn_lifetime" reads:"worker,migrate,dev"`

	// Pipeline sends statements to PostgreSQL together where no caller waits for
	// their answers. Turn it off behind a proxy that cannot take several at once; a
	// transaction then takes more round trips. Default: true.
	Pipeline bool `key:"pipeline" reads:"worker,migrate,dev"`

	// DrainTimeout is how long a stopping process waits for running requests and
	// activities; another process repeats those that are cut off. `amends dev` waits
	// 6s at most. Default: 20s.
	DrainTimeout time.Duration `key:"drain_timeout" reads:"api,worker,dev"`
}

// Default returns the configuration of a process that sets nothing, with a section
// for each service.
func Default(services ...service.Section) Config {
	return Config{
		DataDir:          ".amends",
		HTTPAddr:         "127.0.0.1:8080",
		EarlierOrders:    true,
		Shop:             true,
		AdminAddr:        "127.0.0.1:9090",
		TemporalPort:     7233,
		UIPort:           8233,
		MailFrom:         "Shop <shop@localhost>",
		Seller:           edge.DefaultSeller(),
		Services:         service.Default(services),
		Broker:           broker.Default(),
		TLS:              edge.DefaultTLS(),
		Legacy:           edge.DefaultLegacy(),
		Limits:           edge.DefaultLimits(),
		Admission:        edge.DefaultAdmission(),
		Saga:             DefaultSaga(),
		Worker:           DefaultWorker(),
		RPC:              DefaultRPC(),
		Stuck:            DefaultStuck(),
		Doctor:           DefaultDoctor(),
		Identity:         DefaultIdentity(),
		PlacementTimeout: 10 * time.Second,
		ConnLifetime:     30 * time.Minute,
		Pipeline:         true,
		DrainTimeout:     20 * time.Second,
		Log:              Log{Format: "text"},
	}
}

// Load returns the configuration of a process with the given needs, with a section
// for each service. Its error is [setting.Problems]: every wrong key, type and, by
// [Config.Validate], value.
func Load(s setting.Source, needs Needs, services ...service.Section) (Config, error) {
	c := Default(services...)
	problems := setting.Load(s, setting.Keys(&c))
	c.check(&problems, needs, s.Environ)
	return c, problems.Err()
}

// AddFlags adds the flags of some keys to set; those of services have no flags. It
// panics on an unknown key.
func AddFlags(set *pflag.FlagSet, keys ...string) {
	c := Default()
	setting.AddFlags(set, setting.Keys(&c), keys...)
}
