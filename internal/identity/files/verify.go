package files

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Verify returns nil if a chain, whose first certificate is the leaf, leads to one of
// the roots, is valid at a time, and may be used in each of the ways.
func Verify(chain []*x509.Certificate, roots *x509.CertPool, now time.Time, usages ...x509.ExtKeyUsage) error {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	for _, usage := range usages {
		_, err := chain[0].Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage},
		})
		if err != nil {
			return explain(chain[0], now, err)
		}
	}
	return nil
}

// explain says which rule a certificate breaks. The library has one text for a
// certificate that has expired and for one that is not valid yet.
func explain(leaf *x509.Certificate, now time.Time, err error) error {
	var unknown x509.UnknownAuthorityError
	switch {
	case now.After(leaf.NotAfter):
		return fmt.Errorf("the certificate has expired at %s", leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("the certificate is not valid before %s", leaf.NotBefore.UTC().Format(time.RFC3339))
	case errors.As(err, &unknown):
		return errors.New("the certificate is not by an authority of the bundle")
	default:
		return fmt.Errorf("the certificate cannot be used: %w", err)
	}
}
