// Package sealed encrypts the payloads of workflows, so that neither the engine, nor its
// database, nor an export of a history shows the data of customers: inputs, results,
// markers, memos, and the messages of failures. Search attributes and workflow ids stay
// plain, because the engine reads them; they hold pseudonyms.
//
// A payload is sealed with AES-256-GCM under the first key of a ring, and names that key.
// Each key of the ring opens. So keys rotate without a pause: add the new one behind the
// first in every process, then put it first, and remove the old one when the engine has
// no history that names it. Payloads of earlier histories, which are plain, pass as they are.
package sealed

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

// encoding is the encoding of sealed payloads, and metadataKey the metadata that names
// their key, as in Temporal's samples, so that tools recognise them.
const (
	encoding    = "binary/encrypted"
	metadataKey = "encryption-key-id"
	// metadataPlain marks payloads that stay plain.
	metadataPlain = "amends-plain"
)

// Codec seals and opens payloads. It implements [converter.PayloadCodec], and may be used
// by several goroutines at once.
type Codec struct {
	first string // id of the key that seals
	keys  map[string]cipher.AEAD
}

var _ converter.PayloadCodec = (*Codec)(nil)

// New returns a codec that seals with the first of keys and opens with all of them. Its
// error is that of a key that is not valid; the keys of [Parse] are.
func New(keys []Key) (*Codec, error) {
	c := &Codec{keys: map[string]cipher.AEAD{}}
	for i, k := range keys {
		block, err := aes.NewCipher(k.Secret)
		if err != nil {
			return nil, fmt.Errorf("payload key %s: %w", k.ID, err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("payload key %s: %w", k.ID, err)
		}
		if i == 0 {
			c.first = k.ID
		}
		c.keys[k.ID] = aead
	}
	return c, nil
}

// Encode implements [converter.PayloadCodec]. A payload that is sealed already, or marked
// by [Plain], stays as it is.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return each(payloads, c.seal)
}

// Decode implements [converter.PayloadCodec]. A payload that is not sealed stays as it is.
// Its errors name the key that is missing, or one that does not fit.
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return each(payloads, c.open)
}

func each(payloads []*commonpb.Payload, f func(*commonpb.Payload) (*commonpb.Payload, error)) ([]*commonpb.Payload, error) {
	all := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		var err error
		if all[i], err = f(p); err != nil {
			return payloads, err
		}
	}
	return all, nil
}

func (c *Codec) seal(p *commonpb.Payload) (*commonpb.Payload, error) {
	if isSealed(p) || p.GetMetadata()[metadataPlain] != nil {
		return p, nil
	}
	plain, err := proto.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("seal a payload: %w", err)
	}
	return &commonpb.Payload{
		Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding), metadataKey: []byte(c.first)},
		Data:     c.keys[c.first].Seal(nil, nil, plain, []byte(c.first)), //nolint:gosec // the cipher draws a random nonce
	}, nil
}

func (c *Codec) open(p *commonpb.Payload) (*commonpb.Payload, error) {
	if !isSealed(p) {
		return p, nil
	}
	id := string(p.GetMetadata()[metadataKey])
	key := c.keys[id]
	if key == nil {
		return nil, fmt.Errorf("a payload is sealed with the key %q, which is not among payload_keys", id)
	}
	plain, err := key.Open(nil, nil, p.GetData(), []byte(id))
	if err != nil {
		return nil, fmt.Errorf("a payload does not open with the key %q: it was changed, or another key had that id", id)
	}
	opened := &commonpb.Payload{}
	if err := proto.Unmarshal(plain, opened); err != nil {
		return nil, fmt.Errorf("a payload that was sealed with the key %q: %w", id, err)
	}
	return opened, nil
}

func isSealed(p *commonpb.Payload) bool {
	return bytes.Equal(p.GetMetadata()[converter.MetadataEncoding], []byte(encoding))
}

// Plain returns v as a value that a codec leaves plain, for records that every process
// must be able to read for ever, whatever keys it has. v must hold nothing of a customer's.
func Plain(v any) (converter.RawValue, error) {
	p, err := converter.GetDefaultDataConverter().ToPayload(v)
	if err != nil {
		return converter.RawValue{}, fmt.Errorf("encode a plain value: %w", err)
	}
	p.Metadata[metadataPlain] = []byte("true")
	return converter.NewRawValue(p), nil
}
