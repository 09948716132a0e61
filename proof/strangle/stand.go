package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/amends/amends/proof/transcript"
)

// The secrets of the stand.
const (
	backToken     = "the-token-of-the-back-door"
	gatewaySecret = "a-secret-of-gateway-and-monolith"
	operatorToken = "the-token-of-the-storys-operator"
)

// stand is the monolith, the platform in front of it, and the bridge between them.
type stand struct {
	o       Options
	environ []string

	platform, monolith, broker, bridge *process

	gateway, admin, legacy, engine, door string // addresses
}

// process is a program that runs.
type process struct {
	cmd   *exec.Cmd
	out   *transcript.Text
	ended chan struct{}
}

// free returns an address that is free now.
func free() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func newStand(o Options) (*stand, error) {
	s := &stand{o: o}
	for _, into := range []*string{&s.gateway, &s.admin, &s.legacy, &s.engine, &s.door} {
		var err error
		if *into, err = free(); err != nil {
			return nil, err
		}
	}
	s.environ = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + o.Dir,
		"MONOLITH_TOKEN=" + backToken, "MONOLITH_GATEWAY_SECRET=" + gatewaySecret,
		"AMENDS_LEGACY_FILE=" + s.file("routes.yaml"), "AMENDS_LEGACY_SECRET=" + gatewaySecret, "AMENDS_OPERATOR_TOKENS=story=" + operatorToken, "AMENDS_OPERATOR_TOKEN=" + operatorToken,
	}
	return s, nil
}

// file returns the path of a file of the stand.
func (s *stand) file(name string) string { return filepath.Join(s.o.Dir, name) }

// data is the folder of the platform.
func (s *stand) data() string { return s.file("platform") }

// start starts a program and waits until it says that it is ready.
func (s *stand) start(ctx context.Context, ready, bin string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(bin, args...), out: &transcript.Text{}, ended: make(chan struct{})} //nolint:noctx,gosec // stop ends it; the binaries are the caller's choice
	p.cmd.Env, p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = s.environ, s.o.Dir, p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for the story, which stops them in order
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // how it ended is said by its output
	}()
	name := filepath.Base(bin) + " " + args[0]
	err := await(ctx, name+" is ready", func(context.Context) (bool, error) {
		select {
		case <-p.ended:
			return false, fmt.Errorf("%s has ended: %s", name, p.out)
		default:
			return strings.Contains(p.out.String(), ready), nil
		}
	})
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// stop asks the process to end, and ends it if that takes too long. A nil process has ended.
func (p *process) stop() error {
	if p == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(2 * time.Minute):
		_ = p.cmd.Process.Kill() // it has ended meanwhile, or ends now
		return fmt.Errorf("%s did not end when it was asked to", p.cmd)
	}
}

// Stop stops all processes, those that depend on others first.
func (s *stand) stop() error {
	return errors.Join(s.bridge.stop(), s.platform.stop(), s.broker.stop(), s.monolith.stop())
}

func (s *stand) startMonolith(ctx context.Context) (err error) {
	s.monolith, err = s.start(ctx, "is ready", s.o.Monolith, "--addr", s.legacy, "--db", s.file("shop.db"), "--demo", fmt.Sprint(customers))
	return err
}

func (s *stand) startPlatform(ctx context.Context) (err error) {
	broker, err := free() //nolint:contextcheck // it listens for a moment
	if err != nil {
		return err
	}
	if s.broker, err = s.start(ctx, "is ready", s.o.Amends, "broker", "--data-dir", s.file("broker"), "--broker-listen", broker); err != nil {
		return err
	}
	s.environ = append(s.environ, "AMENDS_BROKER_URL=nats://"+broker)
	_, port, _ := net.SplitHostPort(s.engine)
	s.platform, err = s.start(ctx, "amends is ready", s.o.Amends, "dev", "--data-dir", s.data(), "--temporal-bin", s.o.Temporal,
		"--http-addr", s.gateway, "--admin-addr", s.admin, "--temporal-port", port, "--ui-port", "0")
	return err
}

func (s *stand) startBridge(ctx context.Context) (err error) {
	s.bridge, err = s.start(ctx, "is ready", s.o.Amends, "legacy", "bridge", "--to", "http://"+s.legacy, "--listen", s.door, "--data-dir", s.data())
	return err
}

// command runs a command of amends to its end, and returns its output.
func (s *stand) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.o.Amends, args...) //nolint:gosec // the binary is the caller's choice
	cmd.Env, cmd.Dir = s.environ, s.o.Dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("amends %s: %w: %s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String(), nil
}

// killed starts a command and kills it after a while. It reports whether that was before its
// end.
func (s *stand) killed(after time.Duration, args ...string) (early bool, err error) {
	cmd := exec.Command(s.o.Amends, args...) //nolint:noctx,gosec // it is killed; the binary is the caller's choice
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = s.environ, s.o.Dir, io.Discard, io.Discard
	if err := cmd.Start(); err != nil {
		return false, err
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	return cmd.Wait() != nil, nil
}

// most bounds each wait of the story, on a machine that is slow and does other work too.
const most = 10 * time.Minute

// await waits until look reports true. It looks every 100 ms.
func await(ctx context.Context, what string, look func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		there, err := look(ctx)
		if there || err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("not after %s: %s", most, what), err)
		}
	}
}
