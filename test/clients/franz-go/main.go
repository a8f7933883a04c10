// Does what JSON lines on stdin ask with franz-go, and answers in JSON lines. See operations.ts.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
)

type login struct {
	Address, Mechanism, User, Password, TokenURL, ClientSecret, CA string
}

type record struct {
	Topic string `json:"topic"`
	Value string `json:"value"`
}

// asked is one line: the fields of every operation.
type asked struct {
	ID              int64
	Operation       string
	Login           login
	Records         json.RawMessage // of produce: records; of read and pipe: how many
	Codec           string
	Idempotent      bool
	Acks            *int
	TransactionalID string
	Abort           bool
	Topics          []string
	Topic, TopicID  string
	Group, AnyGroup string
	Groups          []string
	Protocol        string
	Committed       bool
	Errors          int
	Tolerated       *int
	TimeoutMs       int64
	From, To        string
}

func (a *asked) count() int {
	var n int
	_ = json.Unmarshal(a.Records, &n)
	return n
}

var printing sync.Mutex

func say(line map[string]any) {
	printing.Lock()
	defer printing.Unlock()
	_ = json.NewEncoder(os.Stdout).Encode(line)
}

// nameOf is Kafka's name of an error, where it has one.
func nameOf(err error) string {
	var known *kerr.Error
	if errors.As(err, &known) {
		return known.Message
	}
	return fmt.Sprintf("%T: %v", err, err)
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, one := range info.Deps {
		if one.Path == "github.com/twmb/franz-go" {
			return one.Version[1:]
		}
	}
	return ""
}

func run(a *asked) (any, error) {
	switch a.Operation {
	case "version":
		return map[string]any{"version": version()}, nil
	case "versions":
		return map[string]any{"versions": newest.all()}, nil
	case "produce":
		return produce(a)
	case "read":
		return read(a)
	case "pipe":
		return pipe(a)
	default:
		return ask(a)
	}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		a := new(asked)
		if err := json.Unmarshal(lines.Bytes(), a); err != nil {
			panic(err)
		}
		go func() {
			result, err := run(a)
			if err != nil {
				say(map[string]any{"id": a.ID, "failed": nameOf(err), "message": err.Error()})
				return
			}
			say(map[string]any{"id": a.ID, "result": result})
		}()
	}
}
