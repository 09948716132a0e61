// Package bundle reads the authorities that a process trusts.
package bundle

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Read returns the authorities in the content of a PEM file. It refuses a content of
// which it cannot read a part, such as that of a file that is half written: with the
// other authorities alone, valid peers would be refused later. Text between the
// certificates is a comment.
func Read(content []byte) (*x509.CertPool, error) {
	pool, count := x509.NewCertPool(), 0
	for rest := content; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			if len(bytes.TrimSpace(rest)) > 0 {
				return nil, errors.New("it ends with text that is no PEM block")
			}
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it has a block of type %q", block.Type)
		}
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read a certificate: %w", err)
		}
		pool.AddCert(root)
		count++
	}
	switch begun := bytes.Count(content, []byte("-----BEGIN ")); {
	case begun > count: // the decoder passes over a broken block that has another one behind it
		return nil, fmt.Errorf("%d of its %d PEM blocks cannot be read", begun-count, begun)
	case count == 0:
		return nil, errors.New("it has no certificate")
	}
	return pool, nil
}
