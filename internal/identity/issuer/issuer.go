// Package issuer is a small certificate authority for the callers of one environment.
// One process at a time uses its folder, which has the only copy of the authority's
// key; all other processes only read the certificates.
//
// The authority is replaced in two rotations. The first announces the next authority in
// the bundle, and every process reads it. The second issues by it. The old authority
// stays in the bundle until its last certificate has ended. So at every moment each
// process trusts every certificate in use.
package issuer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/amends/amends/internal/dev/folder"
	"github.com/amends/amends/internal/identity"
)

// Backdate is how long before its issue a certificate is valid, so that a process whose
// clock is behind accepts it.
const Backdate = 15 * time.Minute

// Config is that of an authority.
type Config struct {
	// Dir is the authority's folder. It must not be readable by the other processes.
	Dir string
	// Out is the folder of the certificates: bundle.pem, and <service>.pem with the
	// certificate and its key.
	Out string
	// Env is the environment of the certificates.
	Env string
	// Life is how long a certificate is valid; RootLife: an authority.
	Life, RootLife time.Duration
	// Settle is how long after its announcement the next authority issues at the
	// earliest: every process must have read the bundle until then.
	Settle time.Duration
	// Now is the clock.
	Now func() time.Time
}

// Files in the authority's folder, each with a certificate and its key.
const (
	currentFile = "authority.pem"
	nextFile    = "next.pem"
	bundleFile  = "bundle.pem"
)

// Issuer is an authority. The caller must have it alone; see [Open].
type Issuer struct {
	config Config
	lock   *os.File
}

// Open locks the folder of an authority for this process, until [Issuer.Close]. It makes
// the folders if they are missing.
func Open(c Config) (*Issuer, error) {
	for _, dir := range []string{c.Dir, c.Out} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("certificates: %w", err)
		}
	}
	if !identity.ValidName(c.Env) {
		return nil, fmt.Errorf("certificates: the environment %q is not 1 to 63 lower-case letters, digits and inner dashes", c.Env)
	}
	lock, err := folder.Lock(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	return &Issuer{c, lock}, nil
}

// Close unlocks the folder.
func (i *Issuer) Close() error { return i.lock.Close() }

// Init makes the authority and the bundle. It fails if there is an authority already.
func (i *Issuer) Init() error {
	if _, err := os.Stat(i.path(currentFile)); err == nil {
		return fmt.Errorf("certificates: %s has an authority already; rotate replaces it", i.config.Dir)
	}
	if err := i.makeRoot(currentFile); err != nil {
		return err
	}
	return i.writeBundle()
}

// Issue writes a new certificate for each name, after the bundle. A repeat issues again.
func (i *Issuer) Issue(names ...string) error {
	current, err := load(i.path(currentFile))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("certificates: %s has no authority; init makes it", i.config.Dir)
	}
	if err != nil {
		return err
	}
	if err := i.sameEnv(current); err != nil {
		return err
	}
	// The certificates of the authority end with it, at the latest.
	until := i.config.Now().Add(i.config.Life)
	if until.After(current.cert.NotAfter) {
		return fmt.Errorf("certificates: the authority ends at %s, before the certificates would; rotate it", current.cert.NotAfter.Format(time.RFC3339))
	}
	if err := i.writeBundle(); err != nil {
		return err
	}
	for _, name := range names {
		if err := i.issue(current, name, until); err != nil {
			return err
		}
	}
	return nil
}

// sameEnv returns an error if the authority was made for another environment. Processes
// would refuse its certificates only when their old ones have ended.
func (i *Issuer) sameEnv(current *pair) error {
	if of := current.cert.Subject.CommonName; of != commonName(i.config.Env) {
		return fmt.Errorf("certificates: the authority in %s is %q, not that of the environment %q", i.config.Dir, of, i.config.Env)
	}
	return nil
}

// commonName returns the name of an environment's authority.
func commonName(env string) string { return "amends " + env }

func (i *Issuer) issue(by *pair, name string, until time.Time) error {
	if !identity.ValidName(name) {
		return fmt.Errorf("certificates: %q cannot be the name of a service", name)
	}
	leaf, err := sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: name},
		URIs:    []*url.URL{identity.ID{Env: i.config.Env, Name: name}.URI()},
		// A server is checked by its URI; the host name is for tools.
		DNSNames:    []string{name},
		NotBefore:   i.config.Now().Add(-Backdate),
		NotAfter:    until,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}, by)
	if err != nil {
		return err
	}
	return leaf.save(filepath.Join(i.config.Out, name+".pem"))
}

// makeRoot makes an authority that signs itself.
func (i *Issuer) makeRoot(file string) error {
	root, err := sign(&x509.Certificate{
		Subject:               pkix.Name{CommonName: commonName(i.config.Env)},
		NotBefore:             i.config.Now().Add(-Backdate),
		NotAfter:              i.config.Now().Add(i.config.RootLife),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	}, nil)
	if err != nil {
		return err
	}
	return root.save(i.path(file))
}

func (i *Issuer) path(file string) string { return filepath.Join(i.config.Dir, file) }

// pair is a certificate with its key.
type pair struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// sign makes a key and its certificate; by is nil for one that signs itself.
func sign(template *x509.Certificate, by *pair) (*pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("certificates: make a key: %w", err)
	}
	if by == nil {
		by = &pair{template, key}
	}
	const serialBits = 127
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialBits)); err != nil {
		return nil, fmt.Errorf("certificates: draw a number: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		return nil, fmt.Errorf("certificates: sign: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	return &pair{cert, key}, nil
}

// save writes certificate and key into one file, so that one rename replaces both.
func (p *pair) save(path string) error {
	key, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	content := append(encoded(p.cert), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := folder.Replace(path, content); err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	return nil
}

func encoded(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
