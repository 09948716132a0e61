// Package engine is the one place that connects to Temporal: how an address
// is found, what a connection carries (logger, metrics, data converter), when
// an engine counts as ready, and what amends needs registered in it.
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
)

// Options says how to reach an engine. What is empty is taken from the
// TEMPORAL_* variables and the profile file, as the temporal CLI does.
type Options struct {
	Address   string // host:port; nothing anywhere: 127.0.0.1:7233
	Namespace string // nothing anywhere: default
	// Profile and ConfigFile say which profile of which file; a profile that is
	// named must exist, and so must a file that is.
	Profile, ConfigFile string
	// APIKey authenticates and turns TLS on.
	APIKey string
	// TLSCert and TLSKey are PEM files, both or none; TLSCA is one too. Setting
	// any TLS field turns TLS on.
	TLSCert, TLSKey, TLSCA, TLSServerName string
	// Environ is where variables are looked up, as [os.Environ] returns it.
	Environ []string
	// Isolated ignores variables and profiles: for an engine of our own.
	Isolated bool

	// DataConverter encodes payloads; nil is the SDK's. A codec belongs here, and
	// FailureConverter must then encode failures too.
	DataConverter    converter.DataConverter
	FailureConverter converter.FailureConverter
	Logger           *slog.Logger          // nil discards
	Metrics          client.MetricsHandler // nil drops
}

// Client is a connection to one namespace of one engine.
type Client struct {
	client.Client
	// Address and Namespace are what was resolved.
	Address, Namespace string
}

// maxReconnect bounds the pause between two attempts to connect, so that
// everything goes on soon after an engine came back. gRPC's own is 2 minutes.
const maxReconnect = 2 * time.Second

// Dial returns a client without connecting: an engine that is not there yet is
// not an error. Use [Client.Wait] before anything that needs it. A process
// needs one client. The caller closes it.
func Dial(o Options) (*Client, error) {
	options, err := o.resolve()
	if err != nil {
		return nil, err
	}
	c, err := client.NewLazyClient(options)
	if err != nil {
		return nil, fmt.Errorf("temporal client: %w", err)
	}
	return &Client{Client: c, Address: options.HostPort, Namespace: options.Namespace}, nil
}

// Check says what is wrong with o before anything connects: a profile that is
// not there, a certificate without its key.
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
	options.DataConverter = o.DataConverter
	options.FailureConverter = o.FailureConverter
	options.MetricsHandler = o.Metrics
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	options.Logger = sdklog.NewStructuredLogger(slog.New(calmly{logger.Handler()}))
	if near(options.HostPort) {
		options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}
	}
	connect := grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: 5 * time.Second}
	connect.Backoff.BaseDelay, connect.Backoff.MaxDelay = 200*time.Millisecond, maxReconnect
	options.ConnectionOptions.DialOptions = append(options.ConnectionOptions.DialOptions, grpc.WithConnectParams(connect))
	return options, nil
}

// profile merges what o sets over what the environment and the file say.
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

// near says whether address is of this machine or its network, where gzip costs
// more time than it saves: loopback and private addresses, and names without a
// dot, which compose files and clusters give their services.
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

// environ looks variables up in a list of NAME=value.
type environ []string

func (e environ) Environ() []string { return e }

func (e environ) LookupEnv(name string) (string, bool) {
	for _, entry := range slices.Backward(e) { // the last one counts, as in a process
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value, true
		}
	}
	return "", false
}
