package engine

import (
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

// Payloads encodes and decodes the payloads of histories.
type Payloads struct {
	Data     converter.DataConverter
	Failures converter.FailureConverter
}

// NewPayloads returns the converters of the SDK, around a codec if there is one. With a
// codec the messages and stacks of failures are encoded as well; their types, which are
// codes, stay plain.
func NewPayloads(codec converter.PayloadCodec) Payloads {
	data := converter.GetDefaultDataConverter()
	if codec != nil {
		data = converter.NewCodecDataConverter(data, codec)
	}
	failures := temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: data, EncodeCommonAttributes: codec != nil,
	})
	return Payloads{data, failures}
}

// Message returns the message of a failure of a history.
func (p Payloads) Message(f *failurepb.Failure) string {
	if f.GetEncodedAttributes() == nil {
		return f.GetMessage()
	}
	var encoded struct {
		Message string `json:"message"`
	}
	if err := p.Data.FromPayload(f.GetEncodedAttributes(), &encoded); err != nil {
		return f.GetMessage()
	}
	return encoded.Message
}
