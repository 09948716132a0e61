// Package asyncapi describes the facts that services tell as an AsyncAPI 3 document
// (https://www.asyncapi.com/docs/reference/specification/v3.0.0): a channel and an
// operation for each fact, a message for each version of it, with the schema of its
// data. The document is generated, so that it cannot differ from the code.
package asyncapi
