"""Unpacks an OCI image archive as a runtime does, every digest checked: unpack.py ARCHIVE ROOT

Prints the user's number and then the entry point, a word a line.
"""

import gzip
import hashlib
import io
import json
import sys
import tarfile


def main(path, root):
    with tarfile.open(path) as archive:

        def read(name):
            return archive.extractfile(name).read()

        def blob(descriptor):
            algorithm, digest = descriptor["digest"].split(":")
            data = read(f"blobs/{algorithm}/{digest}")
            if hashlib.new(algorithm, data).hexdigest() != digest or len(data) != descriptor["size"]:
                sys.exit(f"sluice: {path}: the blob {digest} isn't what its descriptor says.")
            return data

        json.loads(read("oci-layout"))["imageLayoutVersion"]
        manifest = json.loads(blob(json.loads(read("index.json"))["manifests"][0]))
        config = json.loads(blob(manifest["config"]))
        for descriptor, expected in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
            plain = gzip.decompress(blob(descriptor))
            if "sha256:" + hashlib.sha256(plain).hexdigest() != expected:
                sys.exit(f"sluice: {path}: a layer isn't the one that the configuration names.")
            with tarfile.open(fileobj=io.BytesIO(plain)) as layer:
                layer.extractall(root, filter="fully_trusted")
    print(config["config"]["User"].split(":")[0])
    print("\n".join(config["config"]["Entrypoint"]))


main(*sys.argv[1:])
