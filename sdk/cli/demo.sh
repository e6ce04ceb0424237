#!/bin/sh
# Shows the command line against a local QingStor: demo.sh PROGRAM
set -eu

# Absolute, because the script changes the folder.
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
folder=$(mktemp -d)
"$program" emulator --listen 127.0.0.1:0 --in-memory --bucket demo-bucket >"$folder/output" &
server=$!
trap 'kill $server; rm -rf "$folder"' EXIT
until grep -q QINGSTOR_SECRET_ACCESS_KEY "$folder/output"; do
    kill -0 $server
    sleep 0.1
done
grep '^export ' "$folder/output" >"$folder/settings"
. "$folder/settings"

show() {
    echo "\$ qingstor $*"
    "$program" "$@"
}

cd "$folder"
mkdir photos
echo "a cat" >photos/cat.jpg
echo "a dog" >photos/dog.jpg
show cp -r photos qs://demo-bucket/photos
echo "a fox" >photos/fox.jpg
rm photos/dog.jpg
show sync --delete photos qs://demo-bucket/photos
show ls -l -R qs://demo-bucket
show cat qs://demo-bucket/photos/fox.jpg
