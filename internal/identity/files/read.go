package files

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"github.com/amends/amends/internal/identity"
)

// readPair reads a certificate and its key, and checks that others will let the name in
// with it.
func (f *Files) readPair(name string, cert, key []byte) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(cert, key) // also refuses a key of another certificate
	if err != nil {
		return nil, fmt.Errorf("read certificate and key: %w", err)
	}
	id, err := identity.Of(pair.Leaf)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller names the file
	}
	if id != f.ID(name) {
		return nil, fmt.Errorf("it is for %s instead of %s", id, f.ID(name))
	}
	if roots := f.Roots(); roots != nil {
		if err := Verify(append([]*x509.Certificate{pair.Leaf}, chain(&pair)...), roots, f.Now(), x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth); err != nil {
			return nil, err
		}
	}
	return &pair, nil
}

// chain returns the certificates behind the leaf.
func chain(pair *tls.Certificate) (all []*x509.Certificate) {
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil { // an unreadable one is of no use in the chain
			all = append(all, c)
		}
	}
	return all
}
