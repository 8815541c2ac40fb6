// being written
export {}
