// Package broker runs a NATS server with JetStream inside the process: the broker of
// `amends dev` and `amends broker`.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/amends/amends/internal/dev/folder"
	"github.com/amends/amends/internal/dev/loopback"
)

// Options configure a [Server].
type Options struct {
	// Dir is the folder of the events; it is created if it is missing.
	Dir string
	// Host is the address to listen on. Empty: 127.0.0.1.
	Host string
	// Port is the port to listen on. 0: any free one.
	Port int
	// Durable writes each message to the disk before it is acknowledged. Without it
	// that happens every second: a power cut may take the newest messages, which the
	// outboxes publish again.
	Durable bool
	// TLS is the server's side of TLS; nil: none. With client authorities in it each
	// client needs a certificate.
	TLS *tls.Config
	// Users lists who may connect. Empty: every process that can reach the server.
	Users []User
	// MaxStore is the size of the events' files, in bytes, above which publishing fails.
	// 0: three quarters of the disk.
	MaxStore int64
	// Logger may be nil.
	Logger *slog.Logger
}

// Server is a running broker. It is safe for concurrent use.
type Server struct {
	o    Options
	lock io.Closer
	url  string

	mu   sync.Mutex
	nats *server.Server
}

// Start returns a server that accepts connections. It fails, with one line, if the
// folder or the port is in use, and if the server could be reached from other machines
// without users.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Host == "" {
		o.Host = loopback.Host
	}
	if ip := net.ParseIP(o.Host); (ip == nil || !ip.IsLoopback()) && len(o.Users) == 0 && (o.TLS == nil || o.TLS.ClientCAs == nil) {
		return nil, fmt.Errorf("broker: a broker on %s needs users or client certificates: every machine that reaches it could tell and hear everything", o.Host)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	// The server does not refuse a folder that another one uses: it hangs its clients.
	lock, err := folder.Lock(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, lock: lock}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	o := s.o
	port := o.Port
	var err error
	if o.Host == loopback.Host {
		if port, err = loopback.Choose(ctx, "broker-listen", o.Port); err != nil {
			return err
		}
	}
	options := &server.Options{
		ServerName: "amends", Host: o.Host, Port: port, NoSigs: true,
		JetStream: true, StoreDir: filepath.Join(o.Dir, "events"), JetStreamMaxStore: o.MaxStore,
		SyncInterval: time.Second, SyncAlways: o.Durable,
	}
	if port == 0 {
		options.Port = server.RANDOM_PORT
	}
	if o.TLS != nil {
		options.TLSConfig, options.TLS, options.TLSTimeout = o.TLS, true, 5
		options.TLSVerify = o.TLS.ClientCAs != nil
	}
	if err := allow(options, o.Users); err != nil {
		return err
	}
	nats, err := server.NewServer(options)
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	s.nats = nats
	s.nats.SetLoggerV2(logger{o.Logger}, o.Logger != nil && o.Logger.Enabled(ctx, slog.LevelDebug), false, false)
	go s.nats.Start()
	if !s.nats.ReadyForConnections(30 * time.Second) {
		s.nats.Shutdown()
		return fmt.Errorf("broker: the server on %s does not start; its log tells why", net.JoinHostPort(o.Host, strconv.Itoa(port)))
	}
	scheme := "nats"
	if o.TLS != nil {
		scheme = "tls"
	}
	s.url = scheme + "://" + s.nats.Addr().String()
	if at, ok := s.nats.Addr().(*net.TCPAddr); ok {
		s.o.Port = at.Port // also when it returns
	}
	return nil
}

// Leave closes all connections, as a broker that crashes, until [Server.Return]. A repeat
// changes nothing.
func (s *Server) Leave() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
	return nil
}

// Return starts a server that has left, at the same address and with the same events. A repeat
// changes nothing.
func (s *Server) Return(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.nats.Running() {
		return nil
	}
	return s.start(ctx)
}

// URL returns the address of the server, as package internal/bus takes it.
func (s *Server) URL() string { return s.url }

// Stop closes all connections, writes everything to the disk and frees the folder. A
// repeat has no effect.
func (s *Server) Stop() error {
	if err := s.Leave(); err != nil {
		return err
	}
	if err := s.lock.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("broker: %w", err)
	}
	return nil
}

// logger passes the server's records on.
type logger struct{ log *slog.Logger }

func (l logger) at(level slog.Level, format string, v []any) {
	if l.log != nil && l.log.Enabled(context.Background(), level) {
		l.log.Log(context.Background(), level, "broker", "said", fmt.Sprintf(format, v...))
	}
}

func (l logger) Noticef(format string, v ...any) { l.at(slog.LevelDebug, format, v) }
func (l logger) Warnf(format string, v ...any)   { l.at(slog.LevelWarn, format, v) }
func (l logger) Errorf(format string, v ...any)  { l.at(slog.LevelError, format, v) }
func (l logger) Fatalf(format string, v ...any)  { l.at(slog.LevelError, format, v) }
func (l logger) Debugf(format string, v ...any)  { l.at(slog.LevelDebug, format, v) }
func (l logger) Tracef(format string, v ...any)  { l.at(slog.LevelDebug, format, v) }
