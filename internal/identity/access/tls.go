package access

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"

	"google.golang.org/grpc/credentials"

	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/identity/files"
)

// clientInfo says who the client of a connection is, or why it is refused.
type clientInfo struct {
	credentials.TLSInfo

	name    string
	refusal error
}

// server is the server's side of TLS.
type server struct {
	credentials.TransportCredentials

	files *files.Files
}

func newServer(f *files.Files) server {
	return server{files: f, TransportCredentials: credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS13,
		// The client's certificate is checked after the handshake, see the package comment.
		ClientAuth:     tls.RequestClientCert,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return meant(f, hello.ServerName) },
		// A resumed session would have been checked by an older bundle.
		SessionTicketsDisabled: true,
	})}
}

// meant returns the certificate of the service that a client means to call. A process
// with one certificate has no other to show: the client refuses it if it is the wrong one.
func meant(f *files.Files, service string) (*tls.Certificate, error) {
	if names := f.Names(); len(names) == 1 {
		return f.Certificate(names[0]) //nolint:wrapcheck // it names the certificate
	}
	return f.Certificate(service) //nolint:wrapcheck // it names the certificate
}

// ServerHandshake implements [credentials.TransportCredentials].
func (s server) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := s.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // of the library, to the library
	}
	with, ok := info.(credentials.TLSInfo)
	if !ok {
		return nil, nil, errors.Join(errors.New("the connection is not TLS"), conn.Close())
	}
	id, refusal := s.judge(with.State.PeerCertificates)
	return conn, clientInfo{TLSInfo: with, name: id.Name, refusal: refusal}, nil
}

// judge returns the identity of a client, or a fault.
func (s server) judge(chain []*x509.Certificate) (identity.ID, error) {
	if len(chain) == 0 {
		return identity.ID{}, denied("identity.caller", "the client has no certificate")
	}
	if err := files.Verify(chain, s.files.Roots(), s.files.Now(), x509.ExtKeyUsageClientAuth); err != nil {
		return identity.ID{}, denied("identity.certificate", err.Error())
	}
	id, err := identity.Of(chain[0])
	if err != nil {
		return identity.ID{}, denied("identity.certificate", err.Error())
	}
	if want := s.files.ID(id.Name); id != want {
		return identity.ID{}, denied("identity.environment", fmt.Sprintf("%s is not of the environment %s", id, want.Env))
	}
	return id, nil
}

// Clone implements [credentials.TransportCredentials].
func (s server) Clone() credentials.TransportCredentials {
	return server{s.TransportCredentials.Clone(), s.files}
}

// newClient returns the client's side of TLS. It shows the certificate of self, and
// goes on only with a server that has the identity of service: the name in the server's
// URI counts, not its host, because instances come and go.
func newClient(f *files.Files, self, service string) credentials.TransportCredentials {
	return credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS13,
		ServerName: service,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return f.Certificate(self) //nolint:wrapcheck // it names the certificate
		},
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection does it, by URI
		VerifyConnection: func(state tls.ConnectionState) error {
			if err := files.Verify(state.PeerCertificates, f.Roots(), f.Now(), x509.ExtKeyUsageServerAuth); err != nil {
				return fmt.Errorf("the server of %s is not trusted: the rule is identity.certificate: %w", service, err)
			}
			id, err := identity.Of(state.PeerCertificates[0])
			if err == nil && id != f.ID(service) {
				err = fmt.Errorf("the server is %s instead of %s", id, f.ID(service))
			}
			if err != nil {
				return fmt.Errorf("the rule is identity.service: %w", err)
			}
			return nil
		},
	})
}
