package issuer

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amends/amends/internal/dev/folder"
)

// Stage is a rotation's part that is done.
type Stage string

// The stages.
const (
	// Announced: the next authority is in the bundle, and issues nothing yet.
	Announced Stage = "announced"
	// Replaced: the next authority is the current one. Issue again, so that no
	// certificate of the old one is left when it leaves the bundle.
	Replaced Stage = "replaced"
)

// Rotate does the next part of the replacement of the authority. It fails while the
// processes may not have read the announcement yet.
func (i *Issuer) Rotate() (Stage, error) {
	announced, err := os.Stat(i.path(nextFile))
	if errors.Is(err, os.ErrNotExist) {
		return Announced, i.announce()
	}
	if err != nil {
		return "", fmt.Errorf("certificates: %w", err)
	}
	if ready := announced.ModTime().Add(i.config.Settle); i.config.Now().Before(ready) {
		return "", fmt.Errorf("certificates: the next authority was announced at %s; replace the old one from %s on, when every process has read the bundle",
			announced.ModTime().UTC().Format(time.RFC3339), ready.UTC().Format(time.RFC3339))
	}
	return Replaced, i.replace()
}

func (i *Issuer) announce() error {
	current, err := load(i.path(currentFile))
	if err != nil {
		return fmt.Errorf("certificates: there is no authority to replace: %w", err)
	}
	if err := i.sameEnv(current); err != nil {
		return err
	}
	if err := i.makeRoot(nextFile); err != nil {
		return err
	}
	return i.writeBundle()
}

// replace keeps the old authority's certificate without its key, under a name that has
// the end of its last certificate. It comes first, so that a crash leaves no process
// without the authority of its peers.
func (i *Issuer) replace() error {
	current, err := load(i.path(currentFile))
	if err != nil {
		return err
	}
	until := i.config.Now().Add(i.config.Life + Backdate).Unix()
	retired := i.path(retiredPrefix + strconv.FormatInt(until, 10) + "-" + current.cert.SerialNumber.Text(16)) //nolint:mnd // hexadecimal
	if err := folder.Replace(retired+retiredSuffix, encoded(current.cert)); err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	if err := os.Rename(i.path(nextFile), i.path(currentFile)); err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	return i.writeBundle()
}

// The name of a retired authority: the prefix, the Unix time at which it leaves the
// bundle, a dash, its serial number and the suffix.
const retiredPrefix, retiredSuffix = "retired-", ".pem"

// writeBundle writes every authority that is to be trusted now, and forgets those whose
// last certificate has ended.
func (i *Issuer) writeBundle() error {
	var roots []*x509.Certificate
	for _, file := range []string{currentFile, nextFile} {
		switch p, err := load(i.path(file)); {
		case err == nil:
			roots = append(roots, p.cert)
		case file != nextFile || !errors.Is(err, os.ErrNotExist):
			return err
		}
	}
	retired, err := i.retired()
	if err != nil {
		return err
	}
	var bundle []byte
	for _, root := range append(roots, retired...) {
		bundle = append(bundle, encoded(root)...)
	}
	if err := folder.Replace(filepath.Join(i.config.Out, bundleFile), bundle); err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	return nil
}

// retired returns the retired authorities whose certificates may be in use.
func (i *Issuer) retired() (roots []*x509.Certificate, err error) {
	paths, err := filepath.Glob(i.path(retiredPrefix + "*" + retiredSuffix))
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	slices.Sort(paths)
	for _, path := range paths {
		number, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), retiredPrefix), "-")
		until, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("certificates: %s has no time in its name", path)
		}
		if i.config.Now().Unix() > until {
			if err := os.Remove(path); err != nil {
				return nil, fmt.Errorf("certificates: %w", err)
			}
			continue
		}
		root, err := loadCertificate(path)
		if err != nil {
			return nil, err
		}
		roots = append(roots, root)
	}
	return roots, nil
}

// load reads a certificate with its key.
func load(path string) (*pair, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	both, err := tls.X509KeyPair(content, content)
	if err != nil {
		return nil, fmt.Errorf("certificates: %s: %w", path, err)
	}
	key, ok := both.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("certificates: the key of %s is not ECDSA", path)
	}
	return &pair{both.Leaf, key}, nil
}

func loadCertificate(path string) (*x509.Certificate, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, fmt.Errorf("certificates: %s has no certificate", path)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificates: %s: %w", path, err)
	}
	return cert, nil
}
