"""Modules and backups in S3 and Azure, against emulators of them: python main.py PROGRAM AZURITE

PROGRAM is the command, AZURITE the script azurite-blob of npm's package azurite. Everything runs on the loopback and ends with
this process.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import boto3
from azure.storage.blob import BlobServiceClient

FIXTURE = pathlib.Path(__file__).parents[2] / "udf-fixtures" / "built" / "text.wasm"
# What the makers of Azurite publish for everybody.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(arguments, port):
    """Starts an emulator and waits until it listens."""
    server = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if server.poll() is not None:
            sys.exit(f"{arguments[0]} ended with {server.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return server
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{arguments[0]} does not listen")


def s3(bin_folder):
    """The emulator, what stands behind the path in SQL, and secrets that must be shown nowhere."""
    port = free_port()
    server = start([bin_folder / "moto_server", "-H", "127.0.0.1", "-p", str(port)], port)
    url = f"http://127.0.0.1:{port}"
    client = boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="AKID", aws_secret_access_key="hush"
    )
    client.create_bucket(Bucket="code")
    client.put_object(Bucket="code", Key="dir/text.wasm", Body=FIXTURE.read_bytes())
    config = {"region": "us-east-1", "endpoint_url": url}
    credentials = {"aws_access_key_id": "AKID", "aws_secret_access_key": "hush"}
    return server, config, credentials, ["AKID", "hush"]


def azure(azurite):
    port = free_port()
    command = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence", "--disableTelemetry"]
    server = start(["node", azurite, *command, "--skipApiVersionCheck"], port)
    url = f"http://127.0.0.1:{port}/{ACCOUNT}"
    container = BlobServiceClient(url, {"account_name": ACCOUNT, "account_key": KEY}).create_container("code")
    container.upload_blob("dir/text.wasm", FIXTURE.read_bytes())
    config = {"azure_storage_account_name": ACCOUNT, "azure_endpoint": url}
    return server, config, {"azure_storage_account_key": KEY}, [KEY]


def run(program, database, statements):
    """Both outputs of the command."""
    arguments = ["--quiet", "--format", "csv", "--set", "wasm.create_from_url=true", "--data-dir", database]
    for statement in statements:
        arguments += ["-c", statement]
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return subprocess.run([program, *arguments], capture_output=True, text=True, env=environment)


def check(word, program, server):
    _, config, credentials, secrets = server
    clauses = f" CONFIG '{json.dumps(config)}'" if config else ""
    clauses += f" CREDENTIALS '{json.dumps(credentials)}'"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        made = run(
            program,
            folder / "db",
            [
                f"CREATE FUNCTION shout AS WASM FROM {word} 'code/dir/text.wasm'{clauses}",
                "SHOW CREATE FUNCTION shout",
                f"BACKUP DATABASE TO {word} 'code/some/backup.tar.gz'{clauses}",
            ],
        )
        assert made.returncode == 0, made.stderr
        restore = f"RESTORE DATABASE FROM {word} 'code/some/backup.tar.gz'{clauses}"
        restored = run(program, folder / "other", [restore, "SELECT shout('it came back') AS x"])
        assert restored.returncode == 0 and "IT CAME BACK!" in restored.stdout.upper(), (restored.stdout, restored.stderr)
        missing = run(program, folder / "other", [f"CREATE FUNCTION f AS WASM FROM {word} 'code/none.wasm'{clauses}"])
        assert missing.returncode != 0 and "none.wasm" in missing.stderr, missing.stderr
        kept = b"".join(path.read_bytes() for path in folder.rglob("catalog*"))
        # An error quotes the statement, as every other does; its cause has nothing of it.
        shown = made.stdout + made.stderr + restored.stdout + missing.stderr.split("\n", 1)[1]
        for secret in secrets:
            assert secret not in shown and secret.encode() not in kept, f"{word}: {secret} is shown or stored"
    print(f"{word}: a module, a backup and its way back")


def main():
    program, azurite = sys.argv[1:]
    bin_folder = pathlib.Path(sys.executable).parent
    for word, begin, tool in [("S3", s3, bin_folder), ("AZURE", azure, azurite)]:
        server = begin(tool)
        try:
            check(word, program, server)
        finally:
            server[0].terminate()


main()
