package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/setting"
)

func TestProblems(t *testing.T) {
	t.Parallel()

	order := config.Needs{Services: []string{"order"}}
	for name, test := range map[string]struct {
		yaml  string
		env   []string
		args  []string
		needs config.Needs
		want  string // all lines, in order
	}{
		"UnknownKey":              {yaml: "htp_addr: x\nservices: {order: {dns: x}}", want: "htp_addr: unknown key in FILE\nservices.order.dns: unknown key in FILE"},
		"UnknownVariable":         {env: []string{"AMENDS_HTP_ADDR=hunter2"}, want: "AMENDS_HTP_ADDR: unknown variable; those that begin with AMENDS_ must be keys"},
		"KeyInOtherCase":          {yaml: "Data_Dir: a\nservices: {Order: {DSN: 'sqlite:x'}}", want: "Data_Dir: unknown key in FILE: keys are in lower case\nservices.Order: unknown key in FILE: keys are in lower case\nservices.Order.DSN: unknown key in FILE: keys are in lower case"},
		"OneKeyInTwoCases":        {yaml: "data_dir: a\nDATA_DIR: b", want: "DATA_DIR: unknown key in FILE: keys are in lower case"},
		"ValueForASection":        {yaml: "services: hunter2", want: "services: is a section with keys of its own, not a value"},
		"SectionForAValue":        {yaml: "data_dir: {a: b}", want: "data_dir.a: unknown key in FILE"},
		"NotYAML":                 {yaml: "a: [\nhunter2", want: `config: must be YAML with every key once (line 2), is "FILE"`},
		"KeyTwice":                {yaml: "data_dir: a\ndata_dir: b", want: `config: must be YAML with every key once (line 2), is "FILE"`},
		"NotANumber":              {yaml: "temporal_port: abc", want: `temporal_port: must be a whole number, is "abc"`},
		"NotAWholeNumber":         {yaml: "ui_port: 1.5", want: `ui_port: must be a whole number, is "1.5"`},
		"NotABool":                {args: []string{"--durable=maybe"}, want: `durable: must be true or false, is "maybe"`},
		"NotAText":                {yaml: "data_dir: 12", want: `data_dir: must be a text, is "12"`},
		"ListForAText":            {yaml: "data_dir: [a, b]", want: `data_dir: must be a text, is "[a b]"`},
		"InstallationWithSpace":   {yaml: "installation: 'my shop'", want: `installation: must be 1 to 63 letters, digits, dots, dashes or underscores, is "my shop"`},
		"DurationWithoutUnit":     {yaml: "lock_timeout: 3", want: `lock_timeout: must be a duration with a unit, such as 500ms, 10s or 5m, is "3"`},
		"SellerWithoutAName":      {yaml: "seller: {name: ' '}", want: `seller.name: must have 1 to 200 characters that can be seen, is " "`},
		"SellerOnManyLines":       {yaml: "seller: {address: 'a;b;c;d;e;f;g;h;i;j;k'}", want: `seller.address: must have at most 10 lines, with semicolons between them`},
		"SellerThatIsUnprintable": {yaml: `seller: {address: "a;b\tc"}`, want: `seller.address: must have lines of at most 200 characters that can be seen, with semicolons between them, is "b\tc"`},
		"PublicURLWithoutAScheme": {yaml: "public_url: shop.example", want: `public_url: must be an address such as https://shop.example`},
		"PublicURLWithAPassword":  {yaml: "public_url: 'https://u:hunter2@shop.example'", want: `public_url: must be an address such as https://shop.example`},
		"AuthMisspelt":            {yaml: "auth: maybe", want: `auth: must be required or optional, is "maybe"`},
		"GuestsWithoutASecret":    {yaml: "auth: optional", needs: config.Needs{API: true}, want: `guest_secret: must be set where auth is optional`},
		"GuestSecretTooShort":     {env: []string{"AMENDS_GUEST_SECRET=hunter2"}, want: `guest_secret: must have at least 24 characters`},
		"NegativeDuration":        {env: []string{"AMENDS_DRAIN_TIMEOUT=-1s"}, want: `drain_timeout: must be at least 1ms, is "-1s"`},
		"StyleMisspelt":           {yaml: "saga: {style: both}", want: `saga.style: must be orchestrated or choreographed, is "both"`},
		"NoPort":                  {env: []string{"AMENDS_HTTP_ADDR=localhost"}, want: `http_addr: must be host:port, is "localhost"`},
		"BadPort":                 {env: []string{"AMENDS_HTTP_ADDR=:70000"}, want: `http_addr: must have a port from 0 to 65535, is ":70000"`},
		"BadEnginePort":           {args: []string{"--temporal-port", "-1"}, want: `temporal_port: must be a port from 0 to 65535, is "-1"`},
		"OneAddressTwice":         {yaml: "http_addr: ':1'\nadmin_addr: ':1'", want: `admin_addr: must differ from http_addr, is ":1"`},
		"OnePortTwice":            {yaml: "ui_port: 7233", want: `ui_port: must differ from temporal_port, is "7233"`},
		"MissingDSN":              {needs: order, want: "services.order.dsn: must be set: this process opens that database"},
		"MissingProviderDSN":      {needs: config.Needs{Services: []string{"payment"}}, env: []string{"AMENDS_SERVICES_PAYMENT_DSN=sqlite:p.db"}, want: "services.payment.provider_dsn: must be set: this process opens that database"},
		"OtherDatabase":           {env: []string{"AMENDS_SERVICES_ORDER_DSN=mysql://u:hunter2@db/x"}, want: `services.order.dsn: must begin with postgres:// or sqlite:, is "mysql://db/x"`},
		"MalformedDSN":            {env: []string{"AMENDS_SERVICES_ORDER_DSN=postgres://u:hun#ter2@db/x"}, want: `services.order.dsn: must be a URL such as postgres://user:password@host:5432/name (special characters of a password are %-encoded), is "postgres://******"`},
		"DSNWithoutDatabase":      {env: []string{"AMENDS_SERVICES_ORDER_DSN=postgres://u:hunter2@db"}, want: `services.order.dsn: needs a database name: postgres://user:password@host:port/NAME, is "postgres://db"`},
		"DSNInMemory":             {env: []string{"AMENDS_SERVICES_ORDER_DSN=sqlite::memory:"}, want: `services.order.dsn: must name a file, without parameters, is "sqlite::memory:"`},
		"DSNLikeAURL":             {env: []string{"AMENDS_SERVICES_ORDER_DSN=sqlite://order.db"}, want: `services.order.dsn: must be sqlite:PATH, without //, is "sqlite://order.db"`},
		"DSNWithParameters":       {env: []string{"AMENDS_SERVICES_ORDER_DSN=sqlite:order.db?mode=ro"}, want: `services.order.dsn: must name a file, without parameters, is "sqlite:order.db?mode=ro"`},
		"DSNOfASecretFile":        {env: []string{"AMENDS_SERVICES_ORDER_DSN=postgres://u:hunter2@db/x\r\n"}, want: `services.order.dsn: must not have a line break or another character that cannot be seen, is "postgres://******"`},
		"DSNOfAFileAndALine":      {env: []string{"AMENDS_SERVICES_ORDER_DSN=sqlite:order.db\r"}, want: `services.order.dsn: must not have a line break or another character that cannot be seen, is "sqlite:order.db\r"`},
		"DSNWithAByteOrderMark":   {env: []string{"AMENDS_SERVICES_ORDER_DSN=\ufeffpostgres://u:hunter2@db/x"}, want: `services.order.dsn: must not have a line break or another character that cannot be seen, is "\ufeffpostgres://******"`},
		"DSNBeforeASpace":         {env: []string{"AMENDS_SERVICES_ORDER_DSN=postgres://u:hunter2@db/x "}, want: `services.order.dsn: must not begin or end with a space, is "postgres://db/x%20"`},
		"DSNBehindASpace":         {env: []string{"AMENDS_SERVICES_ORDER_DSN= sqlite:order.db"}, want: `services.order.dsn: must not begin or end with a space, is "******"`},
		"ServerOfASecretFile":     {env: []string{"AMENDS_DATABASE_URL=postgres://u:hunter2@db\n"}, want: `database_url: must not have a line break or another character that cannot be seen, is "postgres://******"`},
		"DataDirWithAQuestion":    {yaml: "data_dir: 'a?b'", want: `data_dir: must not have a ? or a character that cannot be seen, is "a?b"`},
		"DataDirWithALineBreak":   {env: []string{"AMENDS_DATA_DIR=a\r"}, want: `data_dir: must not have a ? or a character that cannot be seen, is "a\r"`},
		"DevDataDirLikeAURL":      {yaml: "data_dir: 'a%41b'", needs: config.Needs{Dev: true}, want: `data_dir: must not have #, ? or % with two digits, because the Temporal dev server takes it for a URL, is "a%41b"`},
		"DevDataDirWithAHash":     {yaml: "data_dir: 'a#b'", needs: config.Needs{Dev: true}, want: `data_dir: must not have #, ? or % with two digits, because the Temporal dev server takes it for a URL, is "a#b"`},
		"BadServer":               {args: []string{"--database-url", "hunter2"}, want: `database_url: must begin with postgres://, is "******"`},
		"TwoServicesOnOne":        {yaml: "services: {order: {dsn: 'postgres://a:b@localhost/x'}, catalog: {dsn: 'postgresql://c:d@127.0.0.1:5432/x?sslmode=disable'}}", want: `services.catalog.dsn: must not be the database of services.order.dsn, is "postgresql://127.0.0.1:5432/x"`},
		"TwoServicesOnOneFile":    {yaml: "services: {order: {dsn: 'sqlite:x/../a.db'}, shipping: {carrier_dsn: 'sqlite:./a.db'}}", want: `services.shipping.carrier_dsn: must not be the database of services.order.dsn, is "sqlite:./a.db"`},
		"OneQueueTwice":           {yaml: "services: {payment: {queue: amends-order}}", want: `services.payment.queue: must differ from services.order.queue, is "amends-order"`},
		"BadQueue":                {yaml: "services: {payment: {queue: 'order '}}", want: `services.payment.queue: must be 1 to 200 letters, digits, dots, dashes or underscores, is "order "`},
		"NegativeConnections":     {yaml: "services: {order: {max_conns: -1}}", want: `services.order.max_conns: must be from 0 to 1000, is "-1"`},
		"NoSuchProfile":           {yaml: "temporal: {profile: nowhere}", needs: config.Needs{Temporal: true}, want: "temporal: unable to find profile nowhere in config data"},
		"DevElsewhere":            {env: []string{"AMENDS_TEMPORAL_ADDRESS=engine.shop.example:7233"}, needs: config.Needs{Dev: true}, want: `temporal.address: must be of this machine in ` + "`amends dev`" + `: run amends api and amends worker on an engine elsewhere, is "engine.shop.example:7233"`},
		"DevNoSuchProfile":        {yaml: "temporal: {address: '127.0.0.1:1', profile: nowhere}", needs: config.Needs{Dev: true}, want: "temporal: unable to find profile nowhere in config data"},
		"RetryMaxBelowInitial":    {yaml: "saga: {retry_initial: 20s}", want: `saga.retry_max: must not be below saga.retry_initial (20s), is "10s"`},
		"StepShorterThanLock":     {yaml: "lock_timeout: 6s", want: `saga.start_to_close: must be longer than lock_timeout (6s), is "5s"`},
		"LocalStepTooLong":        {yaml: "saga: {local_start_to_close: 9s}", want: `saga.local_start_to_close: must be from 100ms to 4s, is "9s"`},
		"ParkBeforeOneAttempt":    {yaml: "saga: {park_after: 1s}", want: `saga.park_after: must not be below saga.start_to_close (5s), is "1s"`},
		"ParkedRetryTooShort":     {yaml: "saga: {parked_retry: 9s}", want: `saga.parked_retry: must not be below saga.retry_max (10s), is "9s"`},
		"DecideByTooLate":         {yaml: "saga: {decide_after: 1000h}", want: `saga.decide_after: must be from 1s to 720h0m0s, is "1000h0m0s"`},
		"PlacementTooLong":        {yaml: "placement_timeout: 1m", want: `placement_timeout: must be from 100ms to 30s, is "1m0s"`},
		"DoctorBounds":            {yaml: "doctor: {every: 1s, grace: 0s, rate: -1}", want: "doctor.grace: must be at least 1ms, is \"0s\"\ndoctor.every: must be at least 10s, or 0, is \"1s\"\ndoctor.rate: must be from 0 to 1000000, is \"-1\""},
		"WholeRunsTooOften":       {yaml: "doctor: {whole_every: 1s, whole_at: 24h}", want: "doctor.whole_every: must be at least 1m, or 0, is \"1s\"\ndoctor.whole_at: must be at least 0 and less than 24h, is \"24h0m0s\""},
		"StuckBounds":             {yaml: "stuck: {limit: 0, rate: 5000, every: 0s}", want: "stuck.every: must be at least 1ms, is \"0s\"\nstuck.limit: must be from 1 to 10000, is \"0\"\nstuck.rate: must be from 1 to 1000, is \"5000\""},
		"AdmissionBounds":         {yaml: "admission: {min_in_flight: 0, max_in_flight: 100001, latency: 1ms, wait: 11s, backlog: 2h}", want: "admission.min_in_flight: must be from 1 to 100000, is \"0\"\nadmission.max_in_flight: must be from admission.min_in_flight to 100000, is \"100001\"\nadmission.latency: must be from 10ms to 15s, is \"1ms\"\nadmission.wait: must be from 1ms to 10s, is \"11s\"\nadmission.backlog: must be from 1s to 1h0m0s, is \"2h0m0s\""},
		"FewerInFlightThanTheMin": {yaml: "admission: {max_in_flight: 3}", want: `admission.max_in_flight: must be from admission.min_in_flight to 100000, is "3"`},
		"CallsReachedNowhere":     {yaml: "rpc: {advertise: ':7080'}", want: `rpc.advertise: must have a host and a port: other processes call it, is ":7080"`},
		"AServiceFoundNowhere":    {yaml: "services: {order: {target: 'order:7080'}}", want: `services.order.target: must be amends:///NAME, static:///host:port,host:port or dns:///host:port, is "order:7080"`},
		"CallsAtNoPort":           {yaml: "rpc: {listen: localhost}", want: `rpc.listen: must be host:port, is "localhost"`},
		"WorkerBounds":            {yaml: "worker: {min_pollers: 0, max_pollers: 1001, workflow_cache: 0}", want: "worker.min_pollers: must be from 1 to 1000, is \"0\"\nworker.max_pollers: must be from worker.min_pollers to 1000, is \"1001\"\nworker.workflow_cache: must be from 1 to 1000000, is \"0\""},
		"BuildWithAColon":         {yaml: "worker: {build: 'v1:2'}", want: `worker.build: must have at most 100 ASCII characters, without spaces and colons, is "v1:2"`},
		"BuildWithALineBreak":     {env: []string{"AMENDS_WORKER_BUILD=v1\n"}, want: `worker.build: must have at most 100 ASCII characters, without spaces and colons, is "v1\n"`},
		"FewerPollersThanTheMin":  {yaml: "worker: {min_pollers: 8, max_pollers: 7}", want: `worker.max_pollers: must be from worker.min_pollers to 1000, is "7"`},
		"LogLevel":                {yaml: "log: {level: loud, format: xml}", want: "log.level: must be one of debug, info, warn, error, is \"loud\"\nlog.format: must be one of text, json, is \"xml\""},
		"EverythingAtOnce":        {yaml: "nope: 1\nlock_timeout: 3", env: []string{"AMENDS_NOPE=1"}, args: []string{"--http-addr", "x"}, needs: order, want: "nope: unknown key in FILE\nAMENDS_NOPE: unknown variable; those that begin with AMENDS_ must be keys\nlock_timeout: must be a duration with a unit, such as 500ms, 10s or 5m, is \"3\"\nhttp_addr: must be host:port, is \"x\"\nservices.order.dsn: must be set: this process opens that database"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := setting.Source{
				File:    file(t, test.yaml),
				Environ: append([]string{"HOME=" + t.TempDir()}, test.env...),
				Flags:   flags(t, []string{"http_addr", "durable", "temporal_port", "database_url"}, test.args...),
			}
			_, err := config.Load(source, test.needs, sections...)
			require.ErrorAs(t, err, &setting.Problems{})
			require.Equal(t, test.want, strings.ReplaceAll(err.Error(), source.File, "FILE"))
			require.NotContains(t, err.Error(), "hunter2")
		})
	}

	t.Run("NoSuchFile", func(t *testing.T) {
		t.Parallel()
		_, err := config.Load(setting.Source{File: "/nowhere/amends.yaml"}, config.Needs{}, sections...)
		require.EqualError(t, err, `config: "/nowhere/amends.yaml" cannot be read: no such file or directory`)
	})

	t.Run("AFolderIsNoFile", func(t *testing.T) {
		t.Parallel()
		_, err := config.Load(setting.Source{File: os.TempDir()}, config.Needs{}, sections...)
		require.ErrorContains(t, err, `config: "`+os.TempDir()+`" cannot be read: `)
	})
}

// TestZeroMeansSomething: every run of the doctor is over all orders, the first at midnight.
func TestZeroMeansSomething(t *testing.T) {
	t.Parallel()
	c, err := config.Load(setting.Source{Environ: []string{"AMENDS_DOCTOR_EVERY=0s", "AMENDS_DOCTOR_WHOLE_EVERY=0s", "AMENDS_DOCTOR_WHOLE_AT=0s"}}, config.Needs{}, sections...)
	require.NoError(t, err)
	require.Zero(t, c.Doctor.WholeEvery)
	require.Zero(t, c.Doctor.WholeAt)
}
