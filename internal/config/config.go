// Package config is the one place that knows how amends is configured, and the
// only importer of Viper.
//
// A value comes from, in this order: a command-line flag, an AMENDS_*
// environment variable, the file of --config (YAML), the default. The key
// services.order.max_conns is the flag --services-order-max-conns where a
// command has it, AMENDS_SERVICES_ORDER_MAX_CONNS, and nested in the file. An
// empty environment variable is one that is not set. [Load] refuses what it
// does not know, so a misspelt key cannot silently become a default, and names
// every problem at once.
package config

import "time"

// Config is everything that can be set. The zero Config is not useful: start
// from [Default].
type Config struct {
	// DataDir is the folder in which `amends dev` keeps its databases, the
	// engine's state, passwords it made and the dev server's log. It is created
	// if it is not there. Default: .amends in the working directory.
	DataDir string `key:"data_dir" help:"folder of the databases and the engine's state"`

	// HTTPAddr is where the API listens, host:port. Port 0 is any free one; an
	// empty host is every interface. Default: 127.0.0.1:8080.
	HTTPAddr string `key:"http_addr" help:"address of the API"`

	// AdminAddr is where metrics, health and repair are served, host:port as for
	// HTTPAddr. It is not for the public. Default: 127.0.0.1:9090.
	AdminAddr string `key:"admin_addr" help:"address of metrics, health and repair"`

	// Profiles serves Go's profiles, too, at /debug/pprof/ of AdminAddr: who takes one
	// slows the process down. Default: false.
	Profiles bool `key:"profiles"`

	// Temporal says how to reach the engine. `amends dev` brings its own, and looks
	// at it only if it has an address, which then must be of this machine.
	Temporal Temporal `key:"temporal"`

	// TemporalPort is the port on 127.0.0.1 of the dev server that `amends dev`
	// starts if Temporal has no address; 0 is any free one. Default: 7233.
	TemporalPort int `key:"temporal_port" help:"port of the Temporal dev server"`

	// UIPort is the port of the dev server's Web UI; 0 is any free one. Default: 8233.
	UIPort int `key:"ui_port" help:"port of the Temporal Web UI"`

	// TemporalBin is the Temporal CLI that `amends dev` starts. Empty: the one
	// beside the amends executable, else the one on PATH if it is new enough.
	// Default: empty.
	TemporalBin string `key:"temporal_bin" help:"Temporal CLI that runs the dev server"`

	// DatabaseURL is a PostgreSQL server, with a role that may create databases
	// and roles, on which `amends dev` makes a database and a role for every
	// service. Empty: one SQLite file per service in DataDir. Default: empty.
	DatabaseURL DSN `key:"database_url" help:"PostgreSQL server to make every service's database on, instead of SQLite"`

	// Durable makes SQLite, the engine's of `amends dev` included, wait for the
	// disk at every commit: safe against power loss, and slower. Without it a
	// commit is safe against any process dying. Default: false.
	Durable bool `key:"durable" help:"make SQLite safe against power loss, and slower"`

	// Services has a section for each service.
	Services Services `key:"services"`

	// Saga has the times of the order saga.
	Saga Saga `key:"saga"`

	// Worker says how much a worker process takes on at a time.
	Worker Worker `key:"worker"`

	// Stuck says when an undecided order counts as stuck.
	Stuck Stuck `key:"stuck"`

	// Doctor says when everything is compared with everything.
	Doctor Doctor `key:"doctor"`

	// OperatorTokens are who may repair sagas on the admin address of the API:
	// name=secret,name2=secret2, each name once, each secret of its own, of 16 to
	// 256 visible ASCII characters without a comma. Empty: nobody. Default: empty.
	OperatorTokens Secret `key:"operator_tokens"`

	// OperatorToken is the secret that `amends repair` shows: one of those.
	// Default: empty.
	OperatorToken Secret `key:"operator_token"`

	// PlacementTimeout is how long the API waits until an order is durable before
	// it answers PLACEMENT_UNKNOWN; 100ms to 30s. Default: 10s.
	PlacementTimeout time.Duration `key:"placement_timeout"`

	// LockTimeout is how long a statement waits for a row that another
	// transaction holds before it is retried. Default: 3s.
	LockTimeout time.Duration `key:"lock_timeout"`

	// Pipeline sends statements to PostgreSQL together where no caller waits for
	// their answers. Turn it off behind a proxy that cannot take several at once; a
	// transaction then takes more round trips. Default: true.
	Pipeline bool `key:"pipeline"`

	// DrainTimeout is how long a stopping process waits for requests and
	// activities that are running; what is cut off then is repeated elsewhere.
	// `amends dev` waits 6s at most. Default: 20s.
	DrainTimeout time.Duration `key:"drain_timeout"`

	// Log says what is logged, and how.
	Log Log `key:"log"`
}

// Temporal says how to reach the engine. What is empty here is taken from the
// TEMPORAL_* environment variables and the profile file that the temporal CLI
// reads too, codec endpoints excepted.
type Temporal struct {
	// Address of the engine's frontend, host:port. Default: empty, which ends at
	// 127.0.0.1:7233 when TEMPORAL_ADDRESS and the profile have none either, and in
	// `amends dev` is its own dev server whatever they have.
	Address string `key:"address" help:"address of the Temporal frontend"`

	// Namespace that the sagas live in. Default: empty, which ends at "default".
	Namespace string `key:"namespace" help:"Temporal namespace"`

	// Profile of the profile file. Default: empty, which ends at "default".
	Profile string `key:"profile" help:"profile of the Temporal client's profile file"`

	// ConfigFile is the profile file. Default: empty, the temporal CLI's own.
	ConfigFile string `key:"config_file"`

	// APIKey authenticates to Temporal Cloud and turns TLS on. Default: empty.
	APIKey Secret `key:"api_key"`

	// TLSCert and TLSKey are PEM files of the client's certificate and its key:
	// both or none. Setting any of the TLS fields turns TLS on. Default: empty.
	TLSCert string `key:"tls_cert"`
	TLSKey  string `key:"tls_key"`

	// TLSCA is a PEM file of the authorities that the server's certificate may be
	// signed by. Default: empty, the system's.
	TLSCA string `key:"tls_ca"`

	// TLSServerName is the name that the server's certificate must have. Default:
	// empty, the host of Address.
	TLSServerName string `key:"tls_server_name"`
}

// Saga has the times of the order saga.
type Saga struct {
	// DecideAfter is how long after its placement an order that has not passed
	// its pivot is decided against; 1s to 720h. Default: 10m.
	DecideAfter time.Duration `key:"decide_after"`

	// ParkAfter is how long a step, its undo or a settle may make no progress before
	// it is flagged as needing attention. Default: 2m.
	ParkAfter time.Duration `key:"park_after"`

	// ParkedRetry is the longest time between two attempts of such a step from the
	// pivot on, and in an undo: what heals is noticed after that long. Default: 5m.
	ParkedRetry time.Duration `key:"parked_retry"`

	// StartToClose is how long one attempt of a step may take; those that call the
	// payment provider or the carrier have 10s. It must be longer than LockTimeout,
	// so that a blocked statement fails before its step does. Default: 5s.
	StartToClose time.Duration `key:"start_to_close"`

	// LocalStartToClose is the same for the order service's steps, which run
	// inside a workflow task. At most 4s, well below the task's own 10s. Default: 2s.
	LocalStartToClose time.Duration `key:"local_start_to_close"`

	// RetryInitial is the time before the second attempt; it doubles with each. Default: 100ms.
	RetryInitial time.Duration `key:"retry_initial"`

	// RetryMax is the longest time between two attempts before the decision. Default: 10s.
	RetryMax time.Duration `key:"retry_max"`
}

// Log says what is logged, and how. Logs go to standard error.
type Log struct {
	// Level is the least level that is logged: debug, info, warn or error. Empty is
	// warn in `amends dev`, whose terminal is for people, and info elsewhere.
	// Default: empty.
	Level string `key:"level" help:"debug, info, warn or error"`
	// Format is text or json. Default: text.
	Format string `key:"format" help:"text or json"`
}

// Default returns the configuration of a process that sets nothing.
func Default() Config {
	return Config{
		DataDir:      ".amends",
		HTTPAddr:     "127.0.0.1:8080",
		AdminAddr:    "127.0.0.1:9090",
		TemporalPort: 7233,
		UIPort:       8233,
		Services: Services{
			Order:     Service{Queue: "order"},
			Catalog:   Service{Queue: "catalog"},
			Inventory: Service{Queue: "inventory"},
			Payment:   Payment{Service: Service{Queue: "payment"}},
			Shipping:  Shipping{Service: Service{Queue: "shipping"}},
		},
		Saga: Saga{
			DecideAfter:       10 * time.Minute,
			ParkAfter:         2 * time.Minute,
			ParkedRetry:       5 * time.Minute,
			StartToClose:      5 * time.Second,
			LocalStartToClose: 2 * time.Second,
			RetryInitial:      100 * time.Millisecond,
			RetryMax:          10 * time.Second,
		},
		Worker:           defaultWorker(),
		Stuck:            defaultStuck(),
		Doctor:           defaultDoctor(),
		PlacementTimeout: 10 * time.Second,
		LockTimeout:      3 * time.Second,
		Pipeline:         true,
		DrainTimeout:     20 * time.Second,
		Log:              Log{Format: "text"},
	}
}
