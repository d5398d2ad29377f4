// Counts in a file, one process at a time, by a lock of the zen-lead api.
//
//	go run ./example -address zen-lead-api.zen-lead:8082 -lock shop/reports -file counter -times 10
//
// The file holds the count and the token of its last writer. A write with a smaller token is
// refused: that is what a resource has to do. ZEN_LEAD_TOKEN_FILE names a projected token. With -ca
// the connection is TLS, and the api has to show a certificate of that authority.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	zenlead "zen-lead.io/clients/go"
)

func main() {
	address := flag.String("address", "127.0.0.1:8082", "of the api")
	ca := flag.String("ca", "", "PEM file of the authority that signed the api's certificate; without it, clear text")
	lock := flag.String("lock", "default/reports", "NAMESPACE/NAME")
	file := flag.String("file", "counter", "holds the count and the last token")
	times := flag.Int("times", 10, "how often to count")
	hold := flag.Duration("hold", 0, "how long to keep each grant")
	flag.Parse()
	if err := run(*address, *ca, *lock, *file, *times, *hold); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address, ca, lock, file string, times int, hold time.Duration) error {
	transport := insecure.NewCredentials()
	if ca != "" {
		secure, err := credentials.NewClientTLSFromFile(ca, "")
		if err != nil {
			return err
		}
		transport = secure
	}
	options := []grpc.DialOption{grpc.WithTransportCredentials(transport)}
	if path := os.Getenv("ZEN_LEAD_TOKEN_FILE"); path != "" {
		options = append(options, grpc.WithPerRPCCredentials(tokenFile(path)))
	}
	connection, err := grpc.NewClient(address, options...)
	if err != nil {
		return err
	}
	defer connection.Close()
	namespace, name, _ := strings.Cut(lock, "/")
	locks := zenlead.NewLockClient(connection)
	asked := zenlead.LockOptions{
		Namespace: namespace,
		Name:      name,
		Holder:    fmt.Sprintf("go-%d", os.Getpid()),
		TTL:       5 * time.Second,
		Wait:      5 * time.Minute,
	}
	for range times {
		err := locks.WithLock(context.Background(), asked, func(ctx context.Context, token uint64) error {
			fmt.Println("token", token)
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(hold):
			}
			return count(file, token)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// count is the resource: it refuses a token that is smaller than the last one.
func count(file string, token uint64) error {
	var counted, last uint64
	text, err := os.ReadFile(file)
	if err == nil {
		_, err = fmt.Sscan(string(text), &counted, &last)
	}
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if token < last {
		return fmt.Errorf("refused: token %d comes after %d", token, last)
	}
	return os.WriteFile(file, fmt.Appendf(nil, "%d %d\n", counted+1, token), 0o644)
}

// tokenFile reads the token for each request, because a projected token is replaced every hour.
type tokenFile string

func (path tokenFile) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := os.ReadFile(string(path))
	return map[string]string{"authorization": "Bearer " + strings.TrimSpace(string(token))}, err
}

func (tokenFile) RequireTransportSecurity() bool { return false }
