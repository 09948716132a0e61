package chaos

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/internal/database/provision"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/mailbox"
	"github.com/amends/amends/internal/dev/temporalserver"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/identity/secrets"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/proof/victim"
	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/worker/registry"
)

// platform is everything that runs.
type platform struct {
	dir    string
	timing Timing

	services, engines *victim.Postgres
	engine            *engineServer
	dsns              shoptest.DSNs      // as the server knows them, not over a line
	others            map[string]*string // the DSNs of the databases that no shop has
	mailbox           mailbox.Mailbox
	smtp              *mailbox.Server
	parts             map[string]*process
	toDatabase        map[string]*line // by process
	toEngine          map[string]*line
	toBroker          map[string]*line
	broker            string   // its address
	beside            []string // DSNs in the environment of tools
	url               string   // of the API
	prices            priceList
	client            *engine.Client
}

// Where is the place of a run.
type Where struct {
	// Dir is a folder that PostgreSQL's user can reach; it must be empty.
	Dir string
	// Amends is the binary, Binaries are the engine's.
	Amends   string
	Binaries temporalserver.Binaries
}

// startPlatform starts all of it, on new databases that are migrated and stocked.
// After a failure, too, the caller calls stop.
func startPlatform(ctx context.Context, w Where, timing Timing, hotStock int) (*platform, error) {
	p := &platform{
		dir: w.Dir, timing: timing, parts: map[string]*process{}, mailbox: mailbox.In(w.Dir),
		others:     map[string]*string{"user": new(string), "query": new(string), "notification": new(string), "messenger": new(string)},
		toDatabase: map[string]*line{}, toEngine: map[string]*line{}, toBroker: map[string]*line{},
	}
	var err error
	if p.smtp, err = mailbox.Start(ctx, p.mailbox); err != nil {
		return p, err
	}
	if err := p.startServers(ctx, w); err != nil {
		return p, err
	}
	if err := p.provision(ctx); err != nil {
		return p, err
	}
	if err := p.describe(ctx, w); err != nil {
		return p, err
	}
	if p.client, err = engine.Dial(engine.Options{Address: p.engine.address(), Isolated: true}); err != nil {
		return p, err
	}
	if err := errors.Join(p.tool(ctx, nil, append([]string{"migrate"}, services()...)...), p.tool(ctx, nil, "migrate", "temporal")); err != nil {
		return p, err
	}
	if err := p.age(ctx); err != nil {
		return p, err
	}
	if err := p.stock(ctx, hotStock); err != nil {
		return p, err
	}
	for _, part := range p.parts {
		if err := part.start(); err != nil {
			return p, err
		}
	}
	return p, p.ready(ctx)
}

// startServers starts both PostgreSQLs and the engine.
func (p *platform) startServers(ctx context.Context, w Where) (err error) {
	var both errgroup.Group
	both.Go(func() (err error) {
		p.services, err = victim.StartPostgres(ctx, filepath.Join(p.dir, "postgres"))
		return err
	})
	both.Go(func() (err error) {
		if p.engines, err = victim.StartPostgres(ctx, filepath.Join(p.dir, "engine-postgres")); err != nil {
			return err
		}
		p.engine, err = startEngine(ctx, filepath.Join(p.dir, "engine"), w.Binaries, p.engines)
		return err
	})
	return both.Wait()
}

// provision makes a database and a role for each service.
func (p *platform) provision(ctx context.Context) error {
	for name, dsn := range p.databases() {
		var err error
		if *dsn, err = provision.Database(ctx, p.services.DSN, name, rand.Text()); err != nil {
			return err
		}
	}
	for _, service := range services() {
		own, err := p.environOf(service, nil)
		if err != nil {
			return err
		}
		p.beside = append(p.beside, own...)
	}
	return nil
}

// databases are the DSNs, by service or external system.
func (p *platform) databases() map[string]*string {
	d := &p.dsns
	all := map[string]*string{
		"order": &d.Order, "catalog": &d.Catalog, "inventory": &d.Inventory, "payment": &d.Payment,
		"provider": &d.Provider, "shipping": &d.Shipping, "carrier": &d.Carrier,
	}
	maps.Copy(all, p.others)
	return all
}

// services are those that run.
func services() []string { return append(registry.Acting(), following...) }

// describe defines how each process runs.
func (p *platform) describe(ctx context.Context, w Where) error {
	logs := filepath.Join(p.dir, "logs")
	if err := os.Mkdir(logs, 0o700); err != nil {
		return err
	}
	if err := p.describeBroker(ctx, w, logs); err != nil {
		return err
	}
	callers := filepath.Join(p.dir, "callers")
	if _, err := secrets.Keep(callers, append(registry.Names(), identity.Gateway, identity.Operator)...); err != nil {
		return err
	}
	for _, name := range append([]string{apiName}, workers...) {
		toEngine, err := newLine(ctx, name+" to the engine in "+p.dir, p.engine.address())
		if err != nil {
			return err
		}
		p.toEngine[name] = toEngine
		admin, err := loopback.FreePort(ctx)
		if err != nil {
			return err
		}
		part := &process{name: name, bin: w.Amends, logs: logs, admin: "http://" + loopback.Address(admin)}
		part.env = append(p.environ(toEngine.address()), "AMENDS_ADMIN_ADDR="+loopback.Address(admin), "AMENDS_IDENTITY_SECRETS_FILE="+callers)
		p.parts[name] = part
		toBroker, err := newLine(ctx, name+" to the broker in "+p.dir, p.broker)
		if err != nil {
			return err
		}
		p.toBroker[name] = toBroker
		part.env = append(part.env, "AMENDS_BROKER_URL=nats://"+toBroker.address())
		if name == apiName {
			public, err := loopback.FreePort(ctx)
			if err != nil {
				return err
			}
			part.args, p.url = []string{"api"}, "http://"+loopback.Address(public)
			part.env = append(part.env, "AMENDS_HTTP_ADDR="+loopback.Address(public))
			continue
		}
		toDatabase, err := newLine(ctx, name+" to the database in "+p.dir, loopback.Address(p.services.Port))
		if err != nil {
			return err
		}
		p.toDatabase[name] = toDatabase
		part.env = append(part.env, "AMENDS_RPC_LISTEN="+loopback.Address(0))
		service, _, _ := strings.Cut(name, "-")
		part.args = []string{"worker", service}
		own, err := p.environOf(service, toDatabase)
		if err != nil {
			return err
		}
		part.env = append(part.env, own...)
	}
	return nil
}

// guestSecret derives the claims of all orders.
const guestSecret = "the secret of the guests of chaos"

// userSecret is that of the user service.
const userSecret = "the secret of the user service of chaos"

// environ is the environment of every process.
func (p *platform) environ(engine string) []string {
	return append([]string{"HOME=" + p.dir, "AMENDS_TEMPORAL_ADDRESS=" + engine, "AMENDS_LOG_LEVEL=info", "AMENDS_AUTH=optional", "AMENDS_GUEST_SECRET=" + guestSecret, "AMENDS_OPERATOR_TOKENS=support=" + operatorToken, "AMENDS_SMTP_URL=" + p.smtp.URL()}, p.timing.environ()...)
}

// environOf names the databases of a service, over a line unless that is nil.
func (p *platform) environOf(service string, over *line) ([]string, error) {
	names := map[string]string{service: "DSN"}
	switch service {
	case "payment":
		names["provider"] = "PROVIDER_DSN"
	case "shipping":
		names["carrier"] = "CARRIER_DSN"
	case "notification":
		names["messenger"] = "MESSENGER_DSN"
	}
	var env []string
	if service == "user" {
		env = append(env, "AMENDS_SERVICES_USER_SECRET="+userSecret)
	}
	for name, variable := range names {
		u, err := url.Parse(*p.databases()[name])
		if err != nil {
			return nil, fmt.Errorf("DSN of %s: %w", name, err)
		}
		if over != nil {
			u.Host = over.address()
		}
		env = append(env, "AMENDS_SERVICES_"+strings.ToUpper(service)+"_"+variable+"="+u.String())
	}
	return env, nil
}

// tool runs a command of amends that must succeed; input may be nil.
func (p *platform) tool(ctx context.Context, input []byte, args ...string) error {
	cmd := p.command(ctx, args...)
	cmd.Stdin = bytes.NewReader(input)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("amends %s: %w: %s", strings.Join(args, " "), err, said)
	}
	return nil
}

// command returns a command of amends beside the platform: without lines.
func (p *platform) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.parts[apiName].bin, args...) //nolint:gosec // the binary under test
	cmd.Env = append(p.environ(p.engine.address()), p.beside...)
	return cmd
}

// ready waits until every process is ready.
func (p *platform) ready(ctx context.Context) error {
	for name, part := range p.parts {
		if part.admin == "" {
			continue
		}
		if err := wait.Until(ctx, name+" is ready", func() bool { return wait.Answers(ctx, part.admin+"/readyz") }); err != nil {
			return err
		}
	}
	return nil
}

// stop stops every process.
func (p *platform) stop() (err error) {
	var parts errgroup.Group
	for _, part := range p.parts {
		parts.Go(part.stop)
	}
	err = parts.Wait()
	if p.client != nil {
		p.client.Close()
	}
	for _, lines := range []map[string]*line{p.toDatabase, p.toEngine, p.toBroker} {
		for _, l := range lines {
			l.close()
		}
	}
	if p.smtp != nil {
		err = errors.Join(err, p.smtp.Stop())
	}
	if p.engine != nil && p.engine.server != nil {
		err = errors.Join(err, p.engine.server.Stop())
	}
	for _, s := range []*victim.Postgres{p.services, p.engines} {
		if s != nil && s.Server != nil {
			err = errors.Join(err, s.Stop())
		}
	}
	return err
}
