// Package engine connects to Temporal, called the engine here: it resolves the
// address, equips a connection with logger, metrics and data converter, and checks
// whether the engine answers. It also has the settings that decide how much work a
// Temporal worker does at a time.
package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/amends/amends/internal/engine/attempt"
)

// Options configures a connection. Empty fields are taken from the TEMPORAL_*
// variables, then from the profile file, as by the temporal CLI.
type Options struct {
	Address   string // host:port; default 127.0.0.1:7233
	Namespace string // default "default"
	// Profile is a profile of ConfigFile. Both must exist if they are set.
	Profile, ConfigFile string
	// APIKey authenticates and turns TLS on.
	APIKey string
	// TLSCert and TLSKey are PEM files, both or none; TLSCA is a PEM file, too.
	// Setting any TLS field turns TLS on.
	TLSCert, TLSKey, TLSCA, TLSServerName string
	// Environ is the environment in which variables are looked up, as [os.Environ]
	// returns it.
	Environ []string
	// Isolated ignores variables and profiles, for an engine that this process runs.
	Isolated bool

	// Codec seals payloads, and the messages of failures. Nil leaves them plain.
	Codec   converter.PayloadCodec
	Logger  *slog.Logger          // nil discards
	Metrics client.MetricsHandler // nil drops
	// Traced makes spans of calls, workflows and activities, on OpenTelemetry's global
	// tracer; the trace travels in the headers of workflows.
	Traced bool
}

// Client is a connection to one namespace of one engine.
type Client struct {
	client.Client
	// Address and Namespace are the resolved ones.
	Address, Namespace string
	// Payloads reads the payloads of histories, which the client itself does not decode.
	Payloads Payloads
}

// maxReconnect bounds the pause between two attempts to connect, so that work
// continues soon after an engine has returned. gRPC's default is 2 minutes.
const maxReconnect = 2 * time.Second

// Dial returns a client without connecting: an unreachable engine is no error. Call
// [Client.Wait] before using the engine. One client serves a whole process; the
// caller closes it.
func Dial(o Options) (*Client, error) {
	options, err := o.resolve()
	if err != nil {
		return nil, err
	}
	c, err := client.NewLazyClient(options)
	if err != nil {
		return nil, fmt.Errorf("temporal client: %w", err)
	}
	return &Client{Client: c, Address: options.HostPort, Namespace: options.Namespace, Payloads: NewPayloads(o.Codec)}, nil
}

// Check returns what is wrong with o without connecting, such as a profile that
// does not exist or a certificate without its key.
func (o Options) Check() error {
	_, err := o.resolve()
	return err
}

func (o Options) resolve() (client.Options, error) {
	profile, err := o.profile()
	if err != nil {
		return client.Options{}, err
	}
	options, err := profile.ToClientOptions(envconfig.ToClientOptionsRequest{})
	if err != nil {
		return client.Options{}, fmt.Errorf("temporal: %w", err)
	}
	payloads := NewPayloads(o.Codec)
	options.DataConverter, options.FailureConverter = payloads.Data, payloads.Failures
	options.MetricsHandler = o.Metrics
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	options.Logger = sdklog.NewStructuredLogger(slog.New(discreet{calmly{logger.Handler()}}))
	if o.Traced {
		tracing, err := tracing()
		if err != nil {
			return client.Options{}, err
		}
		options.Interceptors = append(options.Interceptors, tracing)
	}
	if near(options.HostPort) {
		options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}
	}
	connect := grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: 5 * time.Second}
	connect.Backoff.BaseDelay, connect.Backoff.MaxDelay = 200*time.Millisecond, maxReconnect
	options.ConnectionOptions.DialOptions = append(options.ConnectionOptions.DialOptions, grpc.WithConnectParams(connect),
		grpc.WithChainUnaryInterceptor(tasksOnThisClock), grpc.WithStatsHandler(attempt.Handler{}))
	return options, nil
}

// profile returns the settings of the environment and the file, with those of o
// over them.
func (o Options) profile() (envconfig.ClientConfigProfile, error) {
	var p envconfig.ClientConfigProfile
	if !o.Isolated {
		if _, err := os.Stat(o.ConfigFile); o.ConfigFile != "" && errors.Is(err, fs.ErrNotExist) {
			return p, fmt.Errorf("temporal: no profile file %s", o.ConfigFile)
		}
		var err error
		if p, err = envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{
			ConfigFilePath:    o.ConfigFile,
			ConfigFileProfile: o.Profile,
			EnvLookup:         environ(o.Environ),
		}); err != nil {
			return p, fmt.Errorf("temporal: %w", err)
		}
	}
	override(&p.Address, o.Address, "127.0.0.1:7233")
	override(&p.Namespace, o.Namespace, client.DefaultNamespace)
	override(&p.APIKey, o.APIKey, "")
	if o.TLSCert+o.TLSKey+o.TLSCA+o.TLSServerName != "" {
		if p.TLS == nil {
			p.TLS = &envconfig.ClientConfigTLS{}
		}
		p.TLS.Disabled = false
		override(&p.TLS.ClientCertPath, o.TLSCert, "")
		override(&p.TLS.ClientKeyPath, o.TLSKey, "")
		override(&p.TLS.ServerCACertPath, o.TLSCA, "")
		override(&p.TLS.ServerName, o.TLSServerName, "")
	}
	if _, _, err := net.SplitHostPort(p.Address); err != nil {
		return p, fmt.Errorf("temporal: address %q must be host:port", p.Address)
	}
	return p, nil
}

// override sets *to to value, or, when both are empty, to fallback.
func override(to *string, value, fallback string) {
	if value != "" {
		*to = value
	} else if *to == "" {
		*to = fallback
	}
}

// near reports whether address belongs to this machine or its network, where gzip
// costs more time than it saves: loopback and private addresses, and names without
// a dot, which are those of services in compose files and clusters.
func near(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || ip.IsPrivate()
	}
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".svc")
}

// environ implements [envconfig.EnvLookup] on a list of NAME=value.
type environ []string

func (e environ) Environ() []string { return e }

func (e environ) LookupEnv(name string) (string, bool) {
	for _, entry := range slices.Backward(e) { // the last one wins, as in a process
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value, true
		}
	}
	return "", false
}
